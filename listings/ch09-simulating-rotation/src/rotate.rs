//! `rotate`: an agent that renews, again and again, and tells who must know.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use fastrand::Rng;
use lab::authority::{Authority, Issued, LeafRequest};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::ca::{Leaf, say};
use crate::error::Error;
use crate::sabotage::Sabotage;
use crate::schedule::{Schedule, pause};
use crate::site::Site;

/// Renew a leaf certificate again and again, and write it as a tool does.
#[derive(Args, Clone, Debug)]
pub struct Rotate {
    /// What is issued.
    #[command(flatten)]
    pub leaf: Leaf,
    /// When.
    #[command(flatten)]
    pub schedule: Schedule,
    /// End after this many writes [default: go on until Ctrl-C or SIGTERM].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub times: Option<u64>,
    /// Seed of the random choices: two runs with the same seed make the same ones.
    #[arg(long)]
    pub seed: Option<u64>,
    /// What goes wrong.
    #[command(flatten)]
    pub wrong: Wrong,
    /// Who is told of each write.
    #[command(flatten)]
    pub hook: Hook,
}

/// What goes wrong with which write.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Wrong {
    /// Sabotage writes: what goes wrong with them.
    #[arg(long, value_enum)]
    pub sabotage: Option<Sabotage>,
    /// Sabotage every Nth write [default: all but the first].
    #[arg(long, requires = "sabotage", value_parser = clap::value_parser!(u64).range(1..))]
    pub every: Option<u64>,
    /// Sabotage only this write, counted from 1.
    #[arg(long, requires = "sabotage", conflicts_with = "every",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub only: Option<u64>,
}

impl Wrong {
    /// What is to go wrong with the write of this number, if anything.
    pub fn with(&self, write: u64) -> Option<Sabotage> {
        let hit = match (self.every, self.only) {
            (Some(every), _) => write.is_multiple_of(every),
            (_, Some(only)) => write == only,
            _ => write > 1,
        };
        self.sabotage.filter(|_| hit)
    }
}

/// Whom to tell after each write, as tools do: certbot's `--deploy-hook`, `command` of a template.
#[derive(Args, Clone, Debug, Default)]
#[command(group = ArgGroup::new("process").args(["pid", "pid_file"]))]
pub struct Hook {
    /// After each write, run this command with `sh -c`. It may take 30 seconds.
    #[arg(long)]
    pub command: Option<String>,
    /// After each write, send this signal to the process of --pid or --pid-file.
    #[arg(long, value_enum, requires = "process")]
    pub signal: Option<Told>,
    /// The number of the process that gets the signal.
    #[arg(long, requires = "signal", value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: Option<i32>,
    /// The file with the number of the process that gets the signal. It is read at each write.
    #[arg(long, requires = "signal")]
    pub pid_file: Option<PathBuf>,
}

/// A signal by which servers are told to reload.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
}

impl From<Told> for Signal {
    fn from(told: Told) -> Self {
        match told {
            Told::Hup => Self::HUP,
            Told::Usr1 => Self::USR1,
            Told::Usr2 => Self::USR2,
        }
    }
}

impl Rotate {
    /// Says where it writes, and rotates so often as told, or until the process is told to end.
    ///
    /// # Errors
    /// As [`Leaf::open`]. What fails later is logged, and tried again.
    pub async fn run(&self) -> Result<(), Error> {
        let (authority, site) = self.leaf.open()?;
        say(&site.files());
        let mut rotation = Rotation {
            authority,
            site,
            request: self.leaf.request(),
            schedule: self.schedule,
            lot: self.seed.map_or_else(Rng::new, Rng::with_seed),
            wrong: self.wrong,
            hook: self.hook.clone(),
            now: Arc::new(OffsetDateTime::now_utc),
        };
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // A write has no point at which it could be told to end: no file is left half done.
        tokio::select! {
            () = rotation.run(self.times) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
}

/// An agent at work.
pub struct Rotation {
    /// Who issues.
    pub authority: Authority,
    /// Where to.
    pub site: Site,
    /// What.
    pub request: LeafRequest,
    /// When.
    pub schedule: Schedule,
    /// Every draw comes from here.
    pub lot: Rng,
    /// What goes wrong.
    pub wrong: Wrong,
    /// Who is told.
    pub hook: Hook,
    /// The time. In a test it is tokio's, and may be virtual.
    pub now: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
}

impl Rotation {
    // ANCHOR: run
    /// Writes at once, then at each due time, so often or forever. What fails is tried again
    /// after a pause.
    pub async fn run(&mut self, times: Option<u64>) {
        let (mut write, mut failures) = (1, 0);
        let mut end = (self.now)();
        loop {
            match self.renew(write) {
                Ok(validity) => {
                    self.hook.tell().await;
                    if times.is_some_and(|times| write >= times) {
                        return;
                    }
                    let due = self.schedule.due(validity, &mut self.lot);
                    let in_seconds = (due - (self.now)()).as_seconds_f64();
                    tracing::info!(event = "renewal_scheduled", in_seconds);
                    self.until(due).await;
                    (write, failures, end) = (write + 1, 0, validity.1);
                }
                Err(error) => {
                    failures += 1;
                    let left = Duration::try_from(end - (self.now)()).unwrap_or_default();
                    let pause = pause(failures, self.request.lifetime, left, &mut self.lot);
                    let (why, retry_seconds) = (error.to_string(), pause.as_secs_f64());
                    tracing::warn!(event = "renewal_failed", why, failures, retry_seconds);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
    // ANCHOR_END: run

    // ANCHOR: renew
    /// Issues and writes once. Returns the validity of what is to be renewed next.
    fn renew(&mut self, write: u64) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
        self.authority.set_clock((self.now)());
        if let Some(sabotage) = self.wrong.with(write) {
            let name = self
                .request
                .names
                .first()
                .map_or("localhost", String::as_str);
            sabotage.apply(&mut self.site, &mut self.authority, name)?;
            let now = (self.now)();
            return Ok((now, now + self.request.lifetime));
        }
        let issued = self.authority.issue(&self.request)?;
        self.site.write(&issued)?;
        validity(&issued)
    }
    // ANCHOR_END: renew

    /// Sleeps in short parts: a machine that was suspended, or whose clock was set, is not late.
    async fn until(&self, due: OffsetDateTime) {
        const PART: Duration = Duration::from_secs(60);
        // Also where nothing is to be waited for, somebody may want it to end.
        tokio::task::yield_now().await;
        while let Ok(left) = Duration::try_from(due - (self.now)())
            && !left.is_zero()
        {
            tokio::time::sleep(left.min(PART)).await;
        }
    }
}

fn validity(issued: &Issued) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    let read = |date: &str| OffsetDateTime::parse(date, &Rfc3339);
    Ok((
        read(&issued.facts.not_before)?,
        read(&issued.facts.not_after)?,
    ))
}

/// How long a command may take.
const COMMAND_BOUND: Duration = Duration::from_secs(30);

impl Hook {
    // ANCHOR: tell
    /// Tells who is to be told, and logs `hook_finished` or `hook_failed` for each. That somebody
    /// was told does not say that he listened.
    pub async fn tell(&self) {
        if let Some(command) = &self.command {
            log("command", run(command).await);
        }
        if let Some(told) = self.signal {
            log("signal", self.send(told.into()));
        }
    }

    fn send(&self, signal: Signal) -> Result<(), Error> {
        let number = match &self.pid_file {
            // Not remembered: the process of the last time may be gone, and its number taken.
            Some(path) => number_in(path)?,
            None => self.pid.unwrap_or(0),
        };
        // 0 and what is below it would mean whole groups of processes.
        let pid = Some(number)
            .filter(|number| *number > 0)
            .and_then(Pid::from_raw);
        let pid = pid.ok_or(Error::NoProcess(number))?;
        kill_process(pid, signal).map_err(|error| Error::Signal(number, error))
    }
    // ANCHOR_END: tell
}

fn number_in(path: &Path) -> Result<i32, Error> {
    let text = fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
    let number = text.trim().parse();
    number.map_err(|error| Error::PidFile(path.to_owned(), error))
}

fn log(hook: &str, outcome: Result<(), Error>) {
    match outcome {
        Ok(()) => tracing::info!(event = "hook_finished", hook),
        Err(error) => tracing::warn!(event = "hook_failed", hook, why = %error),
    }
}

/// Runs a command, with its children in a group of their own, none of which outlives this.
async fn run(command: &str) -> Result<(), Error> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()?;
    let mut group = Group(
        child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)),
    );
    match tokio::time::timeout(COMMAND_BOUND, child.wait()).await {
        Ok(status) => {
            // What it left in the background is meant to stay.
            group.0 = None;
            success(status?)
        }
        Err(_) => Err(Error::Slow(COMMAND_BOUND)),
    }
}

/// Killed when dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended this moment.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn success(status: ExitStatus) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    Err(Error::Command(status))
}
