//! The server under test: started, watched, told to reload, and ended with all that it started.

pub mod cleanup;
pub mod origin;
pub mod spec;

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::io::{self, Read, Seek};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Plain, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use lab::agent::Files;
use lab::authority::PrivateKeyPem;
use lab::event::Event;
use lab::log::{Log, want};
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::server::spec::{Spec, signal_named};

/// The words of a [`Spec`], and what they stand for.
#[derive(Clone, Debug)]
pub struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// For one run.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn new(
        spec: &Spec,
        dir: &Path,
        www: &Path,
        files: &Files,
        origin: u16,
    ) -> io::Result<Self> {
        let path = |path: &Path| path.display().to_string();
        let mutual = spec.mutual.clone().filter(|_| spec.client_auth);
        Ok(Self(vec![
            // First: the others may stand in it.
            ("mutual", mutual.unwrap_or_default()),
            ("certificate", path(&files.certificate)),
            ("key", path(&files.key)),
            ("roots", path(&files.roots)),
            ("client_roots", path(&dir.join("client-roots.pem"))),
            ("port", free_port()?.to_string()),
            ("admin_port", free_port()?.to_string()),
            ("origin", origin.to_string()),
            ("www", path(www)),
            ("folder", path(files.certificate.parent().unwrap_or(dir))),
            ("dir", path(dir)),
            ("here", path(&spec.here)),
        ]))
    }

    /// `text` with its words replaced. Other braces are left alone: a configuration may have them.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (word, by)| {
            text.replace(&format!("{{{word}}}"), by)
        })
    }

    fn get(&self, word: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| *name == word);
        found.map_or("", |(_, by)| by)
    }
}

/// A port below those that the system gives to clients: a client's own port could otherwise be the
/// one that a server comes back to.
fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 15_000;
    const MANY: u16 = 17_000;
    let start = (std::process::id().wrapping_mul(97) % u32::from(MANY)) as u16;
    for _ in 0..MANY {
        let offset = (start + NEXT.fetch_add(1, Ordering::Relaxed) % MANY) % MANY;
        let port = FIRST + offset;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "no free port between 15000 and 32000",
    ))
}

/// Why a server could not be started, or not be told.
#[derive(Debug)]
pub enum StartError {
    /// The program was not found, or may not be run.
    Program(String, io::Error),
    /// A command of `setup` failed.
    Setup(String, String),
    /// It ended before it was ready. With what it said last.
    Ended(String, String),
    /// It was not ready in time. With what it said last.
    NotReady(Duration, String),
    /// Nobody answers where it should be attached to.
    Unreachable(String, io::Error),
    /// A file or folder of the run is missing, or could not be written.
    File(PathBuf, io::Error),
    /// There is no such process as `attach` tells.
    Process(i32),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |said: &str| match said.trim() {
            "" => "It said nothing.".to_owned(),
            said => format!("It said: {said}"),
        };
        match self {
            Self::Program(program, error) => write!(f, "`{program}` cannot be started: {error}"),
            Self::Setup(command, error) => write!(f, "`{command}`, of `setup`, failed: {error}"),
            Self::Ended(status, last) => {
                write!(
                    f,
                    "the server ended before it was ready ({status}). {}",
                    said(last)
                )
            }
            Self::NotReady(bound, last) => {
                write!(
                    f,
                    "the server was not ready within {bound:?}. {}",
                    said(last)
                )
            }
            Self::Unreachable(address, error) => write!(f, "nobody answers at {address}: {error}"),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Process(pid) => {
                write!(f, "no process has the number {pid}, which `attach` tells")
            }
        }
    }
}

impl std::error::Error for StartError {}

impl From<StartError> for io::Error {
    fn from(trouble: StartError) -> Self {
        Self::other(trouble)
    }
}

/// What the server has said: its events, and its last lines.
#[derive(Clone, Default)]
pub struct ServerOutput {
    log: Log,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    last: VecDeque<String>,
    /// A line of base64 of each key that was issued.
    secrets: VecDeque<String>,
    /// How many lines held one of them.
    leaks: usize,
}

impl ServerOutput {
    /// How many of its last lines are kept.
    const LAST: usize = 20;
    /// How many of the last keys are looked for.
    const KEYS: usize = 16;

    /// Its events.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its last lines.
    pub fn last(&self) -> String {
        let inner = self.lock();
        inner.last.iter().map(|line| format!("{line}\n")).collect()
    }

    /// How many lines held bytes of a private key.
    pub fn leaks(&self) -> usize {
        self.lock().leaks
    }

    /// From now on, this key is looked for, too.
    pub fn look_for(&self, key: &PrivateKeyPem) {
        let mut inner = self.lock();
        let lines = key.expose().lines().filter(|line| !line.starts_with('-'));
        // The first line of PKCS#8 is the same in all keys of a kind, but for its end.
        let secret = lines.max_by_key(|line| line.len()).unwrap_or_default();
        inner.secrets.push_back(secret.to_owned());
        if inner.secrets.len() > Self::KEYS {
            inner.secrets.pop_front();
        }
    }

    fn line(&self, line: String) {
        let mut inner = self.lock();
        let leaks = line.contains("PRIVATE KEY")
            || inner.secrets.iter().any(|secret| line.contains(secret));
        if leaks {
            inner.leaks += 1;
            inner
                .last
                .push_back("(a line with bytes of a private key)".into());
        } else {
            inner.last.push_back(line.clone());
        }
        if inner.last.len() > Self::LAST {
            inner.last.pop_front();
        }
        drop(inner);
        if let Some(event) = Event::parse(&line) {
            self.log.push(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
}

async fn listen(said: ServerOutput, output: impl AsyncRead + Unpin) {
    // Bytes, not text: a line that is not UTF-8 is a line nevertheless.
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        said.line(String::from_utf8_lossy(&line).into_owned());
    }
}

/// A server that runs. It is ended, with every process that it started, when this is dropped.
pub struct Server {
    spec: Spec,
    words: Placeholders,
    /// By which all that is started is known. Nothing where the server is somebody else's: what a
    /// command of ours starts for it has to stay.
    marker: String,
    process: Option<Process>,
    said: ServerOutput,
    address: watch::Sender<SocketAddr>,
    pid: Option<i32>,
    /// The log file of a server that is attached to, and from where on it was not read yet.
    log: Option<(PathBuf, u64)>,
    _reading: JoinSet<()>,
}

struct Process {
    child: Child,
    family: ProcessTree,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.family.kill();
        cleanup::let_go(self.family.group);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What `setup`, or a way of reloading, has started.
        if !self.marker.is_empty() {
            ProcessTree::by(&self.marker).kill();
        }
    }
}

impl Server {
    /// Writes the server's own files, runs `setup`, starts it, and waits until it is ready; or
    /// looks whether somebody is there, where it is to be attached to.
    ///
    /// # Errors
    /// With what it said last.
    pub async fn start(spec: &Spec, words: Placeholders) -> Result<Self, StartError> {
        let mut server = Self {
            address: watch::Sender::new(lab::any_port()),
            marker: match &spec.attach {
                Some(_) => String::new(),
                None => format!("{}-{}", std::process::id(), words.get("port")),
            },
            spec: spec.clone(),
            words,
            process: None,
            said: ServerOutput::default(),
            pid: None,
            log: None,
            _reading: JoinSet::new(),
        };
        if let Some(attach) = &spec.attach {
            let found = attach.address.to_socket_addrs();
            let unreachable = |error| StartError::Unreachable(attach.address.clone(), error);
            let mut found = found.map_err(unreachable)?;
            let address = found
                .next()
                .ok_or_else(|| unreachable(io::ErrorKind::AddrNotAvailable.into()))?;
            let connecting = timeout(Duration::from_secs(10), TcpStream::connect(address));
            match connecting.await {
                Ok(connected) => drop(connected.map_err(unreachable)?),
                Err(_) => return Err(unreachable(io::ErrorKind::TimedOut.into())),
            }
            server.address.send_replace(address);
            server.pid = attach.pid;
            if let Some(pid) = attach.pid
                && procfs::process::Process::new(pid).is_err()
            {
                return Err(StartError::Process(pid));
            }
            if let Some(log) = &attach.log {
                // What was said before is of another run.
                let about = fs::metadata(log);
                let begin = about
                    .map_err(|error| StartError::File(log.clone(), error))?
                    .len();
                server.log = Some((log.clone(), begin));
            }
            return Ok(server);
        }
        for file in &spec.files {
            let path = PathBuf::from(server.words.fill(&file.path));
            let folder = path.parent().unwrap_or(&path);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, server.words.fill(&file.text)))
                .map_err(|error| StartError::File(path, error))?;
        }
        for command in &spec.setup {
            server
                .run(command)
                .await
                .map_err(|error| StartError::Setup(command.join(" "), error))?;
        }
        server.launch().await?;
        Ok(server)
    }

    /// Reads what a server that is attached to has written to its log meanwhile.
    pub fn catch_up(&mut self) -> io::Result<()> {
        let Some((path, from)) = &mut self.log else {
            return Ok(());
        };
        let mut file = fs::File::open(path)?;
        file.seek(io::SeekFrom::Start(*from))?;
        let mut text = Vec::new();
        *from += file.read_to_end(&mut text)? as u64;
        for line in String::from_utf8_lossy(&text).lines() {
            self.said.line(line.to_owned());
        }
        Ok(())
    }

    /// Where it listens. It may change when it is started anew.
    pub fn address(&self) -> watch::Receiver<SocketAddr> {
        self.address.subscribe()
    }

    /// What it has said.
    pub fn output(&self) -> &ServerOutput {
        &self.said
    }

    fn command(&self, command: &[String]) -> Plain {
        let filled = command.iter().map(|word| self.words.fill(word));
        // What stands for nothing is no argument.
        let filled: Vec<_> = filled.filter(|word| !word.is_empty()).collect();
        let (program, arguments) = filled.split_first().expect("a command is not empty");
        let mut command = Plain::new(beside(program));
        command
            .args(arguments)
            .current_dir(self.folder())
            // A group of its own: it is ended as a whole, and Ctrl-C at the terminal is ours.
            .process_group(0)
            // Its events are its own: it must not write where ours go.
            .env_remove(lab::event::FILE_VARIABLE)
            .stdin(Stdio::null());
        if !self.marker.is_empty() {
            command.env(ProcessTree::MARKER, &self.marker);
        }
        command
    }

    /// Where commands are run.
    fn folder(&self) -> PathBuf {
        let folder = self.spec.cwd.as_ref().map(|cwd| self.words.fill(cwd));
        self.spec.here.join(folder.unwrap_or_default())
    }

    /// Starts the process and waits until it is ready.
    async fn launch(&mut self) -> Result<(), StartError> {
        let mut command = self.command(&self.spec.command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // The system does not say which of the two it has not found.
        fs::metadata(self.folder()).map_err(|error| StartError::File(self.folder(), error))?;
        let program = command.get_program().to_string_lossy().into_owned();
        let mut command = Command::from(command);
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.map_err(|error| StartError::Program(program, error))?;
        let family = ProcessTree {
            group: child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .unwrap_or(0),
            marker: self.marker.clone(),
        };
        cleanup::watch_over(family.group);
        if let Some(output) = child.stdout.take() {
            self._reading.spawn(listen(self.said.clone(), output));
        }
        let already = self.spec.ready.event.as_ref();
        let already = already.map_or(0, |event| self.said.log.all(&want(event)).len());
        if let Some(output) = child.stderr.take() {
            self._reading.spawn(listen(self.said.clone(), output));
        }
        self.pid = Some(family.group);
        self.process = Some(Process { child, family });

        let bound = Duration::from_millis(self.spec.ready.within_ms);
        match timeout(bound, self.until_ready(already)).await {
            Ok(ready) => ready,
            Err(_) => Err(StartError::NotReady(bound, self.said.last())),
        }
    }

    async fn until_ready(&mut self, already: usize) -> Result<(), StartError> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.ended() {
                // Its last words may still be on their way.
                sleep(Duration::from_millis(50)).await;
                return Err(StartError::Ended(status, self.said.last()));
            }
            match &self.spec.ready.event {
                Some(event) => {
                    let mut said = self.said.log.all(&want(event)).into_iter().skip(already);
                    let port = said.next().and_then(|event| event.number("port"));
                    if let Some(port) = port.and_then(|port| u16::try_from(port).ok()) {
                        self.address.send_replace(([127, 0, 0, 1], port).into());
                        return Ok(());
                    }
                }
                None => {
                    let port = self.words.get("port").parse().unwrap_or(0);
                    let address = SocketAddr::from(([127, 0, 0, 1], port));
                    if TcpStream::connect(address).await.is_ok() {
                        self.address.send_replace(address);
                        return Ok(());
                    }
                }
            }
            // Nothing tells when a process begins to listen; so it is asked, ever more rarely.
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// How its process ended, where it did.
    pub fn ended(&mut self) -> Option<String> {
        let Some(process) = self.process.as_mut() else {
            // Of a server that is attached to nothing is known but this.
            let pid = self.pid.filter(|_| self.spec.attach.is_some())?;
            let lives = procfs::process::Process::new(pid)
                .and_then(|process| process.stat())
                .is_ok_and(|stat| stat.state != 'Z');
            return (!lives).then(|| format!("process {pid} is gone"));
        };
        let status = process.child.try_wait().ok().flatten()?;
        Some(status.to_string())
    }

    /// Tells it that the files have changed, in its own way. `pem` is what they hold.
    ///
    /// # Errors
    /// What it, or the command, complained of. That is no failure yet: the wire decides.
    pub async fn reload(&mut self, pem: &str) -> Result<(), String> {
        let reload = self.spec.reload.clone();
        if let Some(signal) = reload.signal.as_deref().and_then(signal_named) {
            let pid = self
                .pid
                .and_then(Pid::from_raw)
                .ok_or("no process to signal")?;
            return rustix::process::kill_process(pid, signal).map_err(|error| error.to_string());
        }
        if let Some(command) = &reload.command {
            return self.run(command).await;
        }
        if let Some(socket) = &reload.socket {
            let path = self.words.fill(&socket.path);
            for (at, line) in socket.send.iter().enumerate() {
                let line = self.words.fill(line).replace("{pem}", pem);
                let answer = timeout(lab::BOUND, converse(&path, &line)).await;
                let answer = answer.map_err(|_| format!("{path}: no answer"))?;
                let answer = answer.map_err(|error| format!("{path}: {error}"))?;
                if let Some(expected) = socket.expect.get(at)
                    && !answer.contains(expected.as_str())
                {
                    return Err(format!("{path}: {}", answer.trim()));
                }
            }
            return Ok(());
        }
        if reload.restart {
            self.stop(Signal::TERM).await;
            return self.launch().await.map_err(|error| error.to_string());
        }
        Ok(())
    }

    /// Makes it give up trust that was taken away, where there is a way.
    pub fn force(&self) {
        let force = self.spec.reload.force.as_deref().and_then(signal_named);
        if let Some(signal) = force
            && let Some(pid) = self.pid.and_then(Pid::from_raw)
        {
            // That it is gone will be noticed elsewhere.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Runs a command to its end.
    async fn run(&self, command: &[String]) -> Result<(), String> {
        let pid = self.pid.unwrap_or(0).to_string();
        let command: Vec<_> = command
            .iter()
            .map(|word| word.replace("{pid}", &pid))
            .collect();
        // To a file, and not to a pipe: what a command leaves running in the background would hold
        // that open.
        let said = tempfile::tempfile().map_err(|error| error.to_string())?;
        let again = || said.try_clone().map_err(|error| error.to_string());
        let mut command = self.command(&command);
        command.stdout(again()?).stderr(again()?);
        let child = Command::from(command).kill_on_drop(true).spawn();
        let mut child = child.map_err(|error| error.to_string())?;
        let status = timeout(Duration::from_secs(300), child.wait()).await;
        let status = status.map_err(|_| "it did not end within 300 s".to_owned())?;
        let status = status.map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        let mut words = Vec::new();
        // A page of it is enough for a sentence.
        let mut said = said.take(4096);
        let read = said.get_mut().rewind();
        read.and_then(|()| said.read_to_end(&mut words))
            .map_err(|error| error.to_string())?;
        Err(format!(
            "{status}: {}",
            String::from_utf8_lossy(&words).trim()
        ))
    }

    /// Memory and processes of it and of all that it started.
    pub fn usage(&self) -> Option<Usage> {
        match &self.process {
            Some(process) => Some(process.family.usage()),
            None => self.pid.map(|pid| {
                ProcessTree {
                    group: pid,
                    marker: String::new(),
                }
                .usage()
            }),
        }
    }

    /// Stops its processes, or lets them go on.
    pub fn pause(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.family.signal_all(signal);
        }
    }

    /// Asks it to end, and sees to it that nothing of it is left.
    pub async fn stop(&mut self, signal: Signal) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        process.family.signal(signal);
        let bound = Duration::from_secs(2);
        // Long downloads keep some servers from ending. They had their time.
        let _ = timeout(bound, process.child.wait()).await;
        process.family.kill();
        let _ = timeout(bound, process.child.wait()).await;
    }
}

/// A program of the same build lies beside `zdr`. All others are looked for on the search path.
pub(crate) fn beside(program: &str) -> PathBuf {
    if !program.contains('/')
        && let Ok(me) = std::env::current_exe()
        && let Some(folder) = me.parent()
    {
        // A test's own program lies one folder below.
        for folder in [Some(folder), folder.parent()].into_iter().flatten() {
            if folder.join(program).is_file() {
                return folder.join(program);
            }
        }
    }
    program.into()
}

async fn converse(path: &str, line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(line.as_bytes()).await?;
    stream.write_all(b"\n").await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// What a server and its children use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Each process's share of memory (PSS), in bytes: what several of them share counts once.
    pub memory: u64,
    /// How many processes.
    pub processes: usize,
    /// Processor time used so far by those that live, in clock ticks.
    pub ticks: u64,
}

/// A process and all that come from it, those that left its group included.
struct ProcessTree {
    group: i32,
    marker: String,
}

impl ProcessTree {
    /// An environment variable by which a process is known that has left the group.
    const MARKER: &str = "ZDR_RUN";

    /// All that bear this mark, of any group.
    fn by(marker: &str) -> Self {
        Self {
            group: 0,
            marker: marker.to_owned(),
        }
    }

    fn members(&self) -> Vec<procfs::process::Process> {
        let Ok(all) = procfs::process::all_processes() else {
            return Vec::new();
        };
        let mut members = Vec::new();
        for process in all.flatten() {
            let Ok(stat) = process.stat() else { continue };
            // One that has ended, and was not waited for, uses nothing.
            if stat.state == 'Z' {
                continue;
            }
            // Threads of the kernel are of group 0.
            let of_group = self.group != 0 && [stat.pgrp, process.pid].contains(&self.group);
            if of_group || (!self.marker.is_empty() && self.marks(&process)) {
                members.push(process);
            }
        }
        members
    }

    /// Whether a process bears the mark: the whole of it, or, for all that one `zdr` has started,
    /// the number of that before the dash.
    fn marks(&self, process: &procfs::process::Process) -> bool {
        let environment = process.environ().unwrap_or_default();
        let mark = environment.get(std::ffi::OsStr::new(Self::MARKER));
        let mark = mark.and_then(|mark| mark.to_str()).unwrap_or_default();
        match self.marker.ends_with('-') {
            true => mark.starts_with(&self.marker),
            false => mark == self.marker,
        }
    }

    fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for process in self.members() {
            let rollup = process.smaps_rollup().ok();
            let share = rollup.and_then(|rollup| {
                let map = rollup.memory_map_rollup.into_iter().next()?;
                map.extension.map.get("Pss").copied()
            });
            let resident = || {
                process
                    .stat()
                    .map_or(0, |stat| stat.rss * rustix::param::page_size() as u64)
            };
            usage.memory += share.unwrap_or_else(resident);
            usage.processes += 1;
            usage.ticks += process.stat().map_or(0, |stat| stat.utime + stat.stime);
        }
        usage
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.group) {
            // It may be gone already.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn signal_all(&self, signal: Signal) {
        for process in self.members() {
            if let Some(pid) = Pid::from_raw(process.pid) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    }

    /// Ends them all. A process that forks meanwhile is caught by the next look.
    fn kill(&self) {
        let bound = Instant::now() + Duration::from_secs(2);
        loop {
            if self.members().is_empty() || Instant::now() > bound {
                return;
            }
            self.signal_all(Signal::KILL);
            std::thread::yield_now();
        }
    }
}

/// Ends all that the `zdr` with this process number has started: what bears its mark, and what is
/// of these process groups.
pub fn end_all(zdr: u32, groups: impl IntoIterator<Item = i32>) {
    for group in groups {
        let marker = String::new();
        ProcessTree { group, marker }.kill();
    }
    ProcessTree::by(&format!("{zdr}-")).kill();
}
