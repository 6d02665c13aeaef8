//! The server under test: started, watched, told to reload, and ended with all that it started.
//!
//! The folder holds its description ([`spec`], read by [`spec_file`] or made [`from_command`], written by
//! [`written`]), kinds of [`keys`], the words in it ([`placeholders`]), every key of it ([`reference`](mod@reference)), what is
//! wrong with it ([`mistake`], [`advice`]), where it listens ([`addresses`]), who else listens on its port ([`holder`]), the programs of a run and their processes, what the server prints
//! ([`output`]), the ways to reload, what may stand behind it ([`origin`]), and the second process
//! that cleans up after `zdr` ([`cleanup`]), when it is interrupted, too ([`mod@interrupt`]). It may use no other folder of this crate.

pub mod addresses;
pub mod advice;
pub mod cleanup;
mod document;
pub mod error;
pub mod exchange;
mod free_ports;
pub mod from_command;
pub mod holder;
pub mod interrupt;
pub mod keys;
pub mod lines;
#[cfg(target_os = "linux")]
mod listeners;
pub mod mistake;
pub mod origin;
pub mod output;
pub mod placeholders;
pub mod process_tree;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(not(target_os = "linux"))]
mod processes_elsewhere;
pub(crate) mod program;
pub mod reference;
pub(crate) mod reload;
pub mod spec;
pub mod spec_file;
mod succession;
mod taken_ports;
mod usage;
pub mod user;
mod values;
pub mod written;

use std::fs;
use std::io::{self, Read, Seek};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use lab::log::want;
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::server::error::{NotReady, StartError, Taken};
use crate::server::holder::Holder;
use crate::server::lines::in_shell;
use crate::server::output::{ServerOutput, listen};
use crate::server::placeholders::Placeholders;
use crate::server::process_tree::{ProcessTree, Usage, lives};
use crate::server::program::Launcher;
use crate::server::spec::{Attach, Spec};
use crate::server::taken_ports::{Before, complains_of_a_port, of_ports_in};
use crate::server::user::User;

/// How long connecting to a server may take that is to be attached to.
const CONNECT: Duration = Duration::from_secs(10);

/// A server that runs. It is ended, with every process that it started, when this is dropped.
pub struct Server {
    spec: Arc<Spec>,
    launcher: Launcher,
    process: Option<Process>,
    output: ServerOutput,
    address: watch::Sender<SocketAddr>,
    pid: Option<i32>,
    before: Before,
    /// Which of its processes listened before it was first told of new files, each with the one that started it.
    served_first: Option<Vec<(i32, i32)>>,
    /// The log file of a server that is attached to, and from where on it was not read yet.
    log: Option<(PathBuf, u64)>,
    reading: JoinSet<()>,
}

struct Process {
    child: Child,
    tree: ProcessTree,
    /// Whether it was the first process itself that listened when the server was ready.
    has_listened: bool,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tree.kill();
        cleanup::let_go(self.tree.group);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that went into the background is looked for where it listens, and ends with the rest.
        self.goes_on();
        // What `setup`, or a way of reloading, has started.
        if !self.launcher.marker.is_empty() {
            ProcessTree::by(&self.launcher.marker).kill();
        }
    }
}

impl Server {
    /// Writes the server's own files, runs `setup`, starts it, and waits until it is ready; or
    /// connects to it, where it is to be attached to.
    ///
    /// # Errors
    /// With what it said last.
    pub async fn start(spec: &Arc<Spec>, words: Placeholders) -> Result<Self, StartError> {
        let folder = spec.cwd.as_ref().map(|cwd| words.fill(cwd));
        let user = spec.user.as_deref().map(User::named).transpose()?;
        let mut server = Self {
            address: watch::Sender::new(lab::any_port()),
            launcher: Launcher {
                folder: spec.here.join(folder.unwrap_or_default()),
                marker: match &spec.attach {
                    Some(_) => String::new(),
                    None => format!("{}-{}", std::process::id(), words.get("port")),
                },
                words,
                user,
            },
            spec: spec.clone(),
            process: None,
            output: ServerOutput::default(),
            pid: None,
            before: Before::now(),
            served_first: None,
            log: None,
            reading: JoinSet::new(),
        };
        match &spec.attach {
            Some(attach) => server.attach(attach).await?,
            None => {
                server.prepare().await?;
                server.launch().await?;
            }
        }
        Ok(server)
    }

    /// Connects to a server that runs already, and finds its process and its log.
    async fn attach(&mut self, attach: &Attach) -> Result<(), StartError> {
        let unreachable = |error| StartError::Unreachable(attach.address.clone(), error);
        let address = addresses::listening(&attach.address, CONNECT).await;
        let address = address.map_err(unreachable)?;
        self.address.send_replace(address);
        self.pid = attach.pid;
        if let Some(pid) = attach.pid
            && !lives(pid)
        {
            return Err(StartError::Process(pid));
        }
        if let Some(log) = &attach.log {
            // What was said before is of another run.
            let about = fs::metadata(log);
            let begin = about
                .map_err(|error| StartError::Named("attach.log", log.clone(), error))?
                .len();
            self.log = Some((log.clone(), begin));
        }
        Ok(())
    }

    /// Writes the server's own files, and runs `setup`.
    async fn prepare(&self) -> Result<(), StartError> {
        let words = &self.launcher.words;
        for file in &self.spec.files {
            let path = PathBuf::from(words.fill(&file.path));
            let folder = path.parent().unwrap_or(&path);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, words.fill(&file.text)))
                .map_err(|error| StartError::File(path, error))?;
        }
        for folder in ["dir", "www"].map(|word| PathBuf::from(words.get(word))) {
            let given = self.launcher.give(&folder);
            given.map_err(|error| StartError::File(folder, error))?;
        }
        for command in &self.spec.setup {
            // What these print is no part of a reload.
            let unheard = ServerOutput::default();
            let done = self.launcher.run(command, self.pid, &unheard).await;
            done.map_err(|error| StartError::Setup(in_shell(command), error))?;
        }
        Ok(())
    }

    /// Starts the process and waits until it is ready.
    async fn launch(&mut self) -> Result<(), StartError> {
        let mut command = self.launcher.command(&self.spec.command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // The system does not say which of the two it has not found.
        let folder = &self.launcher.folder;
        fs::metadata(folder.join("."))
            .map_err(|error| StartError::Named("cwd", folder.clone(), error))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let mut command = Command::from(command);
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.map_err(|error| {
            let path = folder.join(&program);
            StartError::Program(program, path, error)
        })?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let tree = ProcessTree {
            group: pid.unwrap_or(0),
            marker: self.launcher.marker.clone(),
            port: 0,
        };
        cleanup::watch_over(tree.group);
        if let Some(stdout) = child.stdout.take() {
            self.reading.spawn(listen(self.output.clone(), stdout));
        }
        let already = self.spec.ready.event.as_ref();
        let already = already.map_or(0, |event| self.output.log().all(&want(event)).len());
        if let Some(stderr) = child.stderr.take() {
            self.reading.spawn(listen(self.output.clone(), stderr));
        }
        self.pid = Some(tree.group);
        self.process = Some(Process {
            child,
            tree,
            has_listened: false,
        });

        let bound = Duration::from_millis(self.spec.ready.within_ms);
        match timeout(bound, self.until_ready(already)).await {
            Ok(ready) => ready,
            Err(_) => Err(self.not_ready(bound)),
        }
    }

    /// Why it is not ready after this time, as far as that can be seen.
    fn not_ready(&self, waited: Duration) -> StartError {
        let listens = self
            .process
            .as_ref()
            .map(|process| process.tree.listening());
        StartError::NotReady(Box::new(NotReady {
            command: self.launcher.shown(&self.spec.command),
            waited,
            event: self.spec.ready.event.clone(),
            expected: self.expected(),
            is_told: self.spec.mentions("{port}"),
            listens: listens.unwrap_or_default(),
            held: self.held(),
            said: self.output.last(),
        }))
    }

    /// Who listens on a port that it may want: it complains of one, or says nothing.
    fn held(&self) -> Vec<Holder> {
        let said = self.output.last();
        let words = &self.launcher.words;
        let files = self.spec.files.iter().map(|file| words.fill(&file.text));
        let told = self.spec.command.iter().map(|word| words.fill(word));
        let told: Vec<_> = told.chain(files).chain([said.clone()]).collect();
        let tree = self.process.as_ref().map(|process| &process.tree);
        match said.trim().is_empty() || complains_of_a_port(&said) {
            true => of_ports_in(&told.join(" "), tree),
            false => Vec::new(),
        }
    }

    /// Where it is told to listen.
    fn expected(&self) -> SocketAddr {
        let port = self.launcher.words.get("port").parse();
        SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(0)))
    }

    async fn until_ready(&mut self, already: usize) -> Result<(), StartError> {
        let mut pause = Duration::from_millis(1);
        let began = Instant::now();
        // One that is told no port listens where nobody knows.
        let never = self.spec.ready.event.is_none() && !self.spec.mentions("{port}");
        loop {
            if let Some(status) = self.ended() {
                // Its last words may still be on their way.
                sleep(Duration::from_millis(50)).await;
                if self.goes_on() {
                    let command = self.launcher.shown(&self.spec.command);
                    let said = self.output.last();
                    return Err(StartError::Background { command, said });
                }
                return Err(StartError::Ended {
                    command: self.launcher.shown(&self.spec.command),
                    status,
                    held: self.held(),
                    said: self.output.last(),
                });
            }
            let tree = self.process.as_ref().map(|process| &process.tree);
            if never && tree.is_some_and(|tree| !tree.listening().is_empty()) {
                return Err(self.not_ready(began.elapsed()));
            }
            if let Some(address) = self.listening(already).await {
                if let Some(holder) = self.before.holder(address) {
                    return Err(StartError::Taken(Box::new(Taken {
                        command: self.launcher.shown(&self.spec.command),
                        holder,
                        said: self.output.last(),
                    })));
                }
                self.address.send_replace(address);
                let port = self.port();
                if let Some(process) = self.process.as_mut() {
                    let serving = process.tree.serving(port);
                    process.has_listened = serving.contains(&process.tree.group);
                }
                return Ok(());
            }
            // Nothing tells when a process begins to listen; so it is asked, ever more rarely.
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Where it listens, if it does by now: it says so in an event, not counting those that were
    /// there `already`, or it accepts a connection.
    async fn listening(&self, already: usize) -> Option<SocketAddr> {
        match &self.spec.ready.event {
            Some(event) => {
                let mut ready = self.output.log().all(&want(event)).into_iter();
                let port = ready.nth(already)?.number("port")?;
                let port = u16::try_from(port).ok()?;
                Some(SocketAddr::from(([127, 0, 0, 1], port)))
            }
            None => {
                let address = self.expected();
                let connected = TcpStream::connect(address).await;
                connected.is_ok().then_some(address)
            }
        }
    }

    /// Reads what a server that is attached to has written to its log meanwhile.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn catch_up(&mut self) -> io::Result<()> {
        let Some((path, from)) = &mut self.log else {
            return Ok(());
        };
        let mut file = fs::File::open(path)?;
        file.seek(io::SeekFrom::Start(*from))?;
        let mut text = Vec::new();
        *from += file.read_to_end(&mut text)? as u64;
        for line in String::from_utf8_lossy(&text).lines() {
            self.output.line(line.to_owned());
        }
        Ok(())
    }

    /// Makes what lies in this folder readable for the server of this description, where that runs as a
    /// user of its own.
    ///
    /// # Errors
    /// When there is no such user, or the files cannot be given away.
    pub(crate) fn give(spec: &Spec, folder: &Path) -> Result<(), StartError> {
        let user = spec.user.as_deref().map(User::named).transpose()?;
        let given = user.map_or(Ok(()), |user| user.give(folder));
        given.map_err(|error| StartError::File(folder.to_owned(), error))
    }

    /// Where it listens. It may change when it is started anew.
    pub fn address(&self) -> watch::Receiver<SocketAddr> {
        self.address.subscribe()
    }

    /// Waits until all that it has printed is read, for a second at the most: a process that it has started may go on
    /// with its pipe.
    pub(crate) async fn read_to_the_end(&mut self) {
        let all = async { while self.reading.join_next().await.is_some() {} };
        let _ = timeout(Duration::from_secs(1), all).await;
    }

    /// What it has printed.
    pub fn output(&self) -> &ServerOutput {
        &self.output
    }

    /// Where it listens, or should.
    fn port(&self) -> u16 {
        match self.address.borrow().port() {
            0 => self.expected().port(),
            port => port,
        }
    }

    /// Memory and processes of it and of all that it started. `None` where the system does not tell.
    pub fn usage(&self) -> Option<Usage> {
        match &self.process {
            Some(process) => process.tree.usage(),
            None => ProcessTree::group(self.pid?).usage(),
        }
    }

    /// How many connections it keeps open whose other ends are closed. None where the system does not tell.
    pub(crate) fn unclosed(&self) -> usize {
        match &self.process {
            Some(process) => process.tree.unclosed(),
            None => self.pid.map_or(0, |pid| ProcessTree::group(pid).unclosed()),
        }
    }

    /// Stops its processes, or lets them go on.
    pub fn pause(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.tree.signal_all(signal);
        }
    }

    /// Asks it to end, and sees to it that nothing of it is left.
    pub async fn stop(&mut self, signal: Signal) {
        self.goes_on();
        let Some(mut process) = self.process.take() else {
            return;
        };
        process.tree.signal(signal);
        let bound = Duration::from_secs(2);
        // Long downloads keep some servers from ending. They had their time.
        let _ = timeout(bound, process.child.wait()).await;
        process.tree.kill();
        let _ = timeout(bound, process.child.wait()).await;
    }
}
