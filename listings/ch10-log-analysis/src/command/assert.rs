//! `zdr log assert`: a verdict for a script.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Args};
use lab::eprintln;
use lab::log::{Order, Secrets, Want};
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep_until;

use super::input::{NEVER, input, place, seconds, text};
use super::wire::Wire;
use crate::assertion::{Assertions, Verdict, What};
use crate::contract;
use crate::cut;
use crate::error::Error;
use crate::format::plain_lines;
use crate::read::{self, Input, Line, News};
use crate::state::{LogState, NEWEST_FIRST};

/// At least one assertion must be given, and all that are given must hold.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("assertion").required(true).multiple(true))]
pub struct AssertCommand {
    /// The log files; `-` or none: the standard input. Several are merged by time.
    files: Vec<PathBuf>,
    /// The certificate with this serial number was loaded.
    #[arg(long, value_name = "SERIAL", value_parser = contract::serial, group = "assertion")]
    loaded: Vec<String>,
    /// This generation, or a later one, was loaded.
    #[arg(long, value_name = "N", group = "assertion")]
    generation_at_least: Option<u64>,
    /// These events occur in this order, others may occur between them: `A,B field=value,C`.
    #[arg(
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        value_parser = contract::wanted,
        group = "assertion"
    )]
    order: Vec<Want>,
    /// No event like this occurs: `identity_rejected reason=expired`.
    #[arg(long, value_name = "EVENT", value_parser = contract::wanted, group = "assertion")]
    none: Vec<Want>,
    /// No line contains a part of the private key in this file.
    #[arg(long, value_name = "KEYFILE", group = "assertion")]
    no_key_bytes: Vec<PathBuf>,
    /// The last rotation was loaded, and each rotation within this time (milliseconds) of its first write.
    #[arg(long, value_name = "MS", group = "assertion")]
    within: Option<u64>,
    /// The current certificate is valid for this many more seconds.
    #[arg(long, value_name = "SECONDS", group = "assertion")]
    valid_for: Option<u64>,
    /// A full handshake with this server shows what the log claims. Needs --roots.
    #[arg(
        long,
        value_name = "HOST:PORT",
        requires = "roots",
        group = "assertion"
    )]
    wire: Option<String>,
    /// The trust anchors for the handshake, in PEM.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// The name that the server's certificate must be valid for in the handshake.
    #[arg(long, default_value = "localhost")]
    name: String,
    /// How long a swap may take to reach every worker, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    slack_ms: u64,
    /// Follow the log until all assertions hold, for at most this many seconds [default with --wire: 30].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Duration>,
}

const DOES_NOT_HOLD: u8 = 1;

/// How long the wire is waited for where nothing else is said.
const AT_MOST: Duration = Duration::from_secs(30);

impl AssertCommand {
    /// Reads the log until it can be told whether all holds.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let verdict = self.judge().await?;
        let said = match verdict {
            Verdict::Holds => return Ok(ExitCode::SUCCESS),
            Verdict::Untold(said) => return Err(Error::Untold(plain_lines(&said))),
            Verdict::NotYet(said) | Verdict::Never(said) => said,
        };
        eprintln!("does not hold: {}", plain_lines(&said));
        Ok(ExitCode::from(DOES_NOT_HOLD))
    }

    async fn judge(&self) -> Result<Verdict, Error> {
        let follow = self.wait.is_some() || self.wire.is_some();
        let mut interrupts = signal(SignalKind::interrupt())?;
        let source = input(&self.files, follow)?;
        let at_a_pipe = source == Input::Stdin;
        let mut news = read::start(source)?;
        let names = self.files.iter().map(|path| path.display().to_string());
        let mut judge = Judge {
            wire: self.wire().await?,
            assertions: Assertions::new(self.assertions()?).of_files(names),
            state: LogState::default(),
            begun: None,
        };
        // A log that is read to its end has one, however slowly it comes.
        let at_most = if follow { AT_MOST } else { NEVER };
        let end = tokio::time::Instant::now() + self.wait.unwrap_or(at_most);
        let (mut last, mut begun) = (None, None);
        loop {
            let read = tokio::select! {
                read = news.recv() => read,
                () = sleep_until(end) => return Ok(judge.at_the_end(last).await),
                _ = interrupts.recv() => return Err(Error::Interrupted),
            };
            let ended = read.is_none();
            let verdict = match read {
                Some(News::Lines(lines)) => {
                    judge.begun = None;
                    for line in &lines {
                        judge.take(line, &self.files);
                    }
                    // One that stays open never says that all of it has come.
                    if at_a_pipe && self.wait.is_some() && judge.settled() {
                        return Ok(judge.verdict().await);
                    }
                    continue;
                }
                Some(News::Begun(line)) => {
                    // Words of other programs may wait for their end for long.
                    let place = || place(&self.files, &line);
                    begun = begun.or_else(|| may_be_an_event(&line).then(place));
                    if at_a_pipe {
                        judge.begun = begun.take();
                    }
                    continue;
                }
                Some(News::Failed(error)) => return Err(error),
                Some(News::CaughtUp(_)) | None => {
                    judge.begun = begun.take();
                    judge.verdict().await
                }
            };
            let hopeful = self.wait.is_some() || judge.hopeful();
            let may_change = matches!(verdict, Verdict::NotYet(_) | Verdict::Untold(_));
            if !(may_change && hopeful && !ended) {
                return Ok(verdict);
            }
            last = Some(verdict);
        }
    }

    fn assertions(&self) -> Result<Vec<What>, Error> {
        let mut all: Vec<_> = self.loaded.iter().cloned().map(What::Loaded).collect();
        all.extend(self.generation_at_least.map(What::GenerationAtLeast));
        if !self.order.is_empty() {
            all.push(What::Order(Order::new(self.order.clone())));
        }
        all.extend(self.none.iter().cloned().map(What::None));
        if !self.no_key_bytes.is_empty() {
            let mut secrets = Secrets::default();
            for file in &self.no_key_bytes {
                if !secrets.add(&text(file)?) {
                    return Err(Error::NoKey(file.clone()));
                }
            }
            all.push(What::NoKeyBytes(secrets));
        }
        let within = self.within.map(Duration::from_millis);
        all.extend(within.map(What::Within));
        let valid_for = self.valid_for.map(Duration::from_secs);
        all.extend(valid_for.map(What::ValidFor));
        Ok(all)
    }

    async fn wire(&self) -> Result<Option<Wire>, Error> {
        let (Some(server), Some(roots)) = (&self.wire, &self.roots) else {
            return Ok(None);
        };
        let slack = Duration::from_millis(self.slack_ms);
        Wire::new(server, roots, &self.name, slack).await.map(Some)
    }
}

/// All that a verdict rests on.
struct Judge {
    wire: Option<Wire>,
    assertions: Assertions,
    state: LogState,
    /// Where a line stands that may be an event, and whose end has not come.
    begun: Option<String>,
}

impl Judge {
    fn take(&mut self, line: &Line, files: &[PathBuf]) {
        self.state.line(line);
        self.assertions.line(line, &|line| place(files, line));
        if let (Some(wire), Some(event)) = (&mut self.wire, line.news()) {
            wire.event(event);
        }
    }

    /// What the log says by now; where all of it holds, what the wire says.
    async fn verdict(&mut self) -> Verdict {
        if self.state.newest_first() {
            return Verdict::Untold(NEWEST_FIRST.into());
        }
        let verdict = self
            .assertions
            .verdict(&self.state, OffsetDateTime::now_utc());
        let may_change = matches!(verdict, Verdict::Holds | Verdict::NotYet(_));
        if let Some(place) = self.begun.as_ref()
            && may_change
            && !self.assertions.settled()
        {
            return Verdict::Untold(format!("{place} lacks its end, and may say otherwise"));
        }
        match (&verdict, &mut self.wire) {
            (Verdict::Holds, Some(wire)) => wire.verdict(&self.state).await,
            _ => verdict,
        }
    }

    /// The time is over, be it that more lines are on their way. Where the wire was asked, it is not asked once more.
    async fn at_the_end(&mut self, last: Option<Verdict>) -> Verdict {
        match last.filter(|_| self.wire.is_some()) {
            Some(last) => last,
            None => self.verdict().await,
        }
    }

    /// Whether the log says all that is asked, whatever it says later.
    fn settled(&self) -> bool {
        self.wire.is_none() && self.assertions.settled()
    }

    /// Whether what the wire showed may still be explained, or a line is on its way.
    fn hopeful(&self) -> bool {
        let is_on_its_way = self.begun.is_some() && !self.assertions.settled();
        is_on_its_way || self.wire.as_ref().is_some_and(Wire::hopeful)
    }
}

/// Whether what is there of a line is an event, or may become one.
fn may_be_an_event(line: &Line) -> bool {
    line.event.is_some() || line.unread().is_some() || !cut::events(line).is_empty()
}
