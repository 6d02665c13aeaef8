//! The client under test, and all that it is given: its files, a server to speak to, and authorities that issue
//! for both.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use lab::agent::{Replacer, Strategy};
use lab::authority::{Authority, Issued, LeafRequest};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::command::{NAME, advice, elsewhere, filled, words};
use crate::client::options::{ClientOptions, Step};
use crate::client::peer::{Event, Opened, Peer};
use crate::client::reads::Reads;
use crate::error::{Error, current_folder};
use crate::server::advice::Advice;
use crate::server::cleanup;
use crate::server::error::it_said;
use crate::server::output::{ServerOutput, listen};
use crate::server::placeholders::Placeholders;
use crate::server::process_tree::ProcessTree;
use crate::server::program::Launcher;
use crate::server::spec::signal_named;

/// That a client has ended is no event: it is looked for as often as this.
pub(super) const SLICE: Duration = Duration::from_millis(200);
/// How the end of a program is told that did what it was to do.
const ENDED_WELL: &str = "exit status: 0";
/// From the end of a client that asks once to the next.
const PAUSE: Duration = Duration::from_millis(20);

/// A client at work on the bench.
pub struct Bench {
    /// The server that it speaks to.
    pub peer: Peer,
    /// Issues for the server. The client trusts it to begin with.
    pub first: Authority,
    /// Issues for the server, too. The client learns of it later.
    pub second: Authority,
    /// Issues for the client.
    pub clients: Authority,
    /// Whether the client is given a certificate.
    pub has_certificate: bool,
    /// What the client has printed.
    pub output: ServerOutput,
    /// Whether it is known, or at least not refuted, that the client follows its own files.
    pub follows: bool,
    /// How often it was told of new files while it was at work.
    told: u32,
    /// How often its certificate was opened, and how often it had been when it was last replaced.
    reads: Option<Reads>,
    reads_before: u64,
    own: Issued,
    files: Replacer,
    client: Client,
    signal: Option<Signal>,
    _directory: TempDir,
    _reading: JoinSet<()>,
}

enum Client {
    /// It goes on asking.
    Loop(Box<Process>),
    /// It is started again and again by a task, which ends with this.
    Once { _asking: JoinSet<()> },
}

impl Client {
    fn start(
        once: bool,
        launcher: Launcher,
        command: Vec<String>,
        output: &ServerOutput,
        reading: &mut JoinSet<()>,
    ) -> Result<Self, Error> {
        // A program that is not there is told at once, and not by the silence that follows.
        let first = launch(&launcher, &command, output, reading)?;
        if !once {
            return Ok(Self::Loop(first.into()));
        }
        drop(first);
        let mut asking = JoinSet::new();
        asking.spawn(again_and_again(launcher, command, output.clone()));
        Ok(Self::Once { _asking: asking })
    }
}

struct Process {
    child: Child,
    tree: ProcessTree,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tree.kill();
        cleanup::let_go(self.tree.group);
    }
}

impl Bench {
    /// Writes the client's files, starts the server and the client, and waits for the first request.
    ///
    /// # Errors
    /// When a word of the command is unknown, the client cannot be started, or no request comes.
    pub async fn start(options: &ClientOptions) -> Result<Self, Error> {
        let directory = lab::directory()?;
        let mut first = Authority::named("Server Root").map_err(Error::issue)?;
        let second = Authority::named("Next Server Root").map_err(Error::issue)?;
        let mut clients = Authority::named("Client Root").map_err(Error::issue)?;
        let mut files = Replacer::new(directory.path(), Strategy::RenameEach);
        files.write_roots(first.root_pem())?;
        let own = issue(&mut clients, "client")?;
        files.replace(&own.chain_pem, own.key.expose(), |_| ())?;
        let shown = issue(&mut first, NAME)?;
        let peer = Peer::start(&shown, clients.root_pem()).await?;
        let words = words(&files, peer.address().port(), directory.path());
        let command = filled(&options.command, &words)?;
        let signal = match &options.signal {
            None => None,
            Some(name) => Some(signal_named(name).ok_or_else(|| {
                Error::Invalid(format!(
                    "unknown signal `{name}`: expected HUP, USR1 or USR2"
                ))
            })?),
        };
        let launcher = Launcher {
            folder: current_folder()?,
            marker: format!("{}-client-{}", std::process::id(), peer.address().port()),
            words: Placeholders::of(words),
            user: None,
        };
        let reads = Reads::of(&files.files().certificate).await;
        let output = ServerOutput::default();
        output.look_for(&own.key);
        let mut reading = JoinSet::new();
        let client = Client::start(options.once, launcher, command, &output, &mut reading)?;
        let has_certificate = options
            .command
            .iter()
            .any(|word| word.contains("{certificate}"));
        let mut bench = Self {
            peer,
            first,
            second,
            clients,
            has_certificate,
            output,
            follows: true,
            told: 0,
            reads,
            reads_before: 0,
            own,
            files,
            client,
            signal,
            _directory: directory,
            _reading: reading,
        };
        bench.first_request(options.first).await?;
        Ok(bench)
    }

    async fn first_request(&mut self, within: Duration) -> Result<(), Error> {
        let until = Instant::now() + within;
        let asked = |event: &Event| matches!(event, Event::Asked { .. }).then_some(());
        let mut ended = None;
        loop {
            let slice = until.min(Instant::now() + SLICE);
            if self.peer.wait(0, slice, asked).await.is_some() {
                return Ok(());
            }
            // What it had sent before is there a slice later.
            if slice == until || ended.is_some() {
                break;
            }
            ended = self.ended();
        }
        let met = match self.peer.since(0).first() {
            None => format!(
                "it did not connect to port {}{}",
                self.peer.address().port(),
                elsewhere(|name| std::env::var(name).ok())
            ),
            Some(Event::Refused { why, .. }) => {
                let advice = advice(why, |name| std::env::var_os(name).is_some());
                format!("its handshake failed ({why}): {advice}")
            }
            Some(_) => "it completed a handshake, and sent no HTTP request".to_owned(),
        };
        let (within, ended) = match ended.or_else(|| self.ended()) {
            Some(status) => (String::new(), format!(". It ended ({status})")),
            None => (format!(" within {} s", within.as_secs_f64()), String::new()),
        };
        let said = it_said(&self.output.last());
        Err(Error::Server(format!(
            "the client sent no request{within}: {met}{ended}. {said}"
        )))
    }

    /// The client's own certificate and key, as they are on disk.
    pub fn own(&self) -> &Issued {
        &self.own
    }

    /// Gives the client a new certificate of its own, and returns it.
    ///
    /// # Errors
    /// When it cannot be written, or the client not be notified.
    pub fn renew(&mut self) -> Result<&Issued, Error> {
        let own = issue(&mut self.clients, "client")?;
        self.complete(own)?;
        Ok(&self.own)
    }

    /// Gives the client a new certificate, and leaves the old key. [`Bench::complete`] is given what this returns.
    ///
    /// # Errors
    /// As [`Bench::renew`].
    pub fn half_renew(&mut self) -> Result<Issued, Error> {
        let next = issue(&mut self.clients, "client")?;
        let old = self.own.key.expose();
        self.reads_before = self.reads.as_ref().map_or(0, Reads::count);
        self.files.replace(&next.chain_pem, old, |_| ())?;
        self.notify()?;
        Ok(next)
    }

    /// Whether the client has opened its certificate since [`Bench::half_renew`]. `None`: this system does not tell.
    pub fn has_read(&self) -> Option<bool> {
        let reads = self.reads.as_ref()?;
        Some(reads.count() > self.reads_before)
    }

    /// Gives the client this certificate with its key.
    ///
    /// # Errors
    /// As [`Bench::renew`].
    pub fn complete(&mut self, own: Issued) -> Result<(), Error> {
        self.output.look_for(&own.key);
        self.files
            .replace(&own.chain_pem, own.key.expose(), |_| ())?;
        self.own = own;
        self.notify()
    }

    /// Gives the client these roots.
    ///
    /// # Errors
    /// As [`Bench::renew`].
    pub fn trust(&mut self, roots: &str) -> Result<(), Error> {
        self.files.write_roots(roots)?;
        self.notify()
    }

    fn notify(&mut self) -> Result<(), Error> {
        let at_work = self.ended().is_none();
        self.told += u32::from(at_work);
        let (Some(signal), Client::Loop(process)) = (self.signal, &self.client) else {
            return Ok(());
        };
        let pid = Pid::from_raw(process.tree.group);
        let pid = pid.ok_or_else(|| Error::Server("the client's process is not known".into()))?;
        // That it is gone is seen where it is waited for.
        let _ = kill_process(pid, signal);
        Ok(())
    }

    /// Why nothing can be judged, where the first signal that told the client of new files has ended it. `name` is
    /// the signal's.
    pub fn ended_by_its_signal(&mut self, name: Option<&str>) -> Option<Error> {
        let (name, number) = (name?, self.signal?.as_raw());
        let status = self.ended().filter(|_| self.told == 1)?;
        let by_it = [
            format!("signal: {number} "),
            format!("exit status: {}", 128 + number),
        ];
        if !by_it.iter().any(|by_it| status.starts_with(by_it)) {
            return None;
        }
        Some(Error::Signalled(Box::new(Advice {
            what: format!("SIG{name} ended the client: it has no handler for that signal"),
            tried: format!("SIG{name} was sent when there were new files: it ended ({status})"),
            seen: it_said(&self.output.last()),
            change: format!(
                "if it notices new files by itself, leave out `--signal`. If a script starts it, put `exec` before the \
                 script's last command. If it is meant to reload on SIG{name}, it does not: that has to be mended in it"
            ),
        })))
    }

    /// Why nothing can be judged, where the client has ended well in its first step: it asked, and that was all.
    pub fn asked_once(&mut self, step: Step) -> Option<Error> {
        // In the other steps, to end may be what the client makes of its files.
        let asks = matches!(
            step,
            Step::RenewedLeaf | Step::AskedByOthers | Step::NewRoot
        );
        let status = self.ended().filter(|_| asks && self.told <= 1)?;
        (status == ENDED_WELL).then(|| {
            Error::Server(format!(
                "the client sent its request and ended ({status}). If it asks once and ends, give `--once`: it is then \
                 started again and again. Otherwise it has to go on asking, and to stay in the foreground. {}",
                it_said(&self.output.last())
            ))
        })
    }

    /// How the client ended, where it did. One that asks once ends all the time.
    pub fn ended(&mut self) -> Option<String> {
        match &mut self.client {
            Client::Loop(process) => {
                let status = process.child.try_wait().ok().flatten()?;
                Some(status.to_string())
            }
            Client::Once { .. } => None,
        }
    }

    /// What it has printed last, in a sentence.
    pub fn said(&self) -> String {
        it_said(&self.output.last())
    }

    /// Whether a request comes over a connection that was opened in this epoch. With TLS 1.3 a client may still object
    /// when the server's own handshake is complete: a request says that it did not.
    pub async fn asks(&mut self, mark: usize, epoch: u64, until: Instant) -> bool {
        let mut opened = BTreeSet::new();
        let mut asked = |event: &Event| match event {
            Event::Opened(of) if of.epoch == epoch => {
                opened.insert(of.connection);
                None
            }
            Event::Asked { connection, .. } => opened.contains(connection).then_some(()),
            _ => None,
        };
        loop {
            let slice = until.min(Instant::now() + SLICE);
            if self.peer.wait(mark, slice, &mut asked).await.is_some() {
                return true;
            }
            if slice == until || self.ended().is_some() {
                return false;
            }
        }
    }

    /// Waits for a handshake of an epoch that was no resumption: until then, or until the client has ended.
    pub async fn full(&mut self, mark: usize, epoch: u64, until: Instant) -> Option<Opened> {
        let full = |event: &Event| match event {
            Event::Opened(opened) if opened.epoch == epoch && !opened.resumed => {
                Some(opened.clone())
            }
            _ => None,
        };
        loop {
            let slice = until.min(Instant::now() + SLICE);
            let found = self.peer.wait(mark, slice, full).await;
            if found.is_some() || slice == until || self.ended().is_some() {
                return found;
            }
        }
    }
}

/// Issues a leaf for an hour.
pub(super) fn issue(authority: &mut Authority, name: &str) -> Result<Issued, Error> {
    authority
        .issue(&LeafRequest::new(name))
        .map_err(Error::issue)
}

fn launch(
    launcher: &Launcher,
    command: &[String],
    output: &ServerOutput,
    reading: &mut JoinSet<()>,
) -> Result<Process, Error> {
    let mut plain = launcher.command(command);
    plain.stdout(Stdio::piped()).stderr(Stdio::piped());
    let program = plain.get_program().to_string_lossy().into_owned();
    let child = Command::from(plain).kill_on_drop(true).spawn();
    let mut child = child.map_err(|error| {
        Error::Invalid(format!("the client `{program}` cannot be started: {error}"))
    })?;
    let tree = ProcessTree {
        group: child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .unwrap_or(0),
        marker: launcher.marker.clone(),
        port: 0,
    };
    cleanup::watch_over(tree.group);
    if let Some(stdout) = child.stdout.take() {
        reading.spawn(listen(output.clone(), stdout));
    }
    if let Some(stderr) = child.stderr.take() {
        reading.spawn(listen(output.clone(), stderr));
    }
    Ok(Process { child, tree })
}

async fn again_and_again(launcher: Launcher, command: Vec<String>, output: ServerOutput) {
    loop {
        let mut reading = JoinSet::new();
        if let Ok(mut process) = launch(&launcher, &command, &output, &mut reading) {
            // One that hangs is ended, so that the next has its turn.
            let _ = timeout_at(Instant::now() + lab::BOUND, process.child.wait()).await;
            // What it has left running may hold its output open, and nothing comes after it until that is read.
            drop(process);
            let read = async { while reading.join_next().await.is_some() {} };
            let _ = timeout_at(Instant::now() + SLICE, read).await;
        }
        sleep(PAUSE).await;
    }
}
