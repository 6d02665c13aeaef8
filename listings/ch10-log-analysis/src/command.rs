//! `zdr log`: the command line around the questions, the assertions and the wire.

use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args, Subcommand};
use lab::client::{Client, Options};
use lab::event::Event;
use lab::log::{Order, Secrets, Want};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::AsyncWriteExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep_until;

use crate::answers::{Answers, plain};
use crate::assertion::{Assertions, Verdict, What};
use crate::read::{self, Input, Line, News};
use crate::story::Story;
use crate::{Lie, Sighting, cross_check, date};

/// Ask an event log what is served, what failed, and how long it took.
///
/// Reads FILEs, or the standard input. Lines that are no events are counted and passed over.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct LogCommand {
    #[command(subcommand)]
    assert: Option<Gate>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand, Debug)]
enum Gate {
    /// Assert on a log: exit code 0 where all holds, 1 where not, 2 where it cannot be told.
    Assert(AssertCommand),
}

#[derive(Args, Debug)]
struct Ask {
    /// The log; `-` or none is the standard input. Several are merged by time.
    files: Vec<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    /// End with an error at the first line that is no event.
    #[arg(long)]
    strict: bool,
    /// Answer as of this time (RFC 3339) instead of now.
    #[arg(long, value_parser = a_time)]
    at: Option<OffsetDateTime>,
    /// Go on as the file grows, through its rotation and truncation, and tell what happens; answer
    /// at the end, or at Ctrl-C.
    #[arg(long, short = 'f', requires = "files")]
    follow: bool,
    /// Follow for so many seconds.
    #[arg(long = "for", value_name = "SECONDS", requires = "follow", value_parser = seconds)]
    for_: Option<Duration>,
    /// Go no further than this event: `identity_loaded serial=1002`.
    #[arg(long, value_name = "EVENT")]
    until: Option<Want>,
}

/// Each assertion may be given; all must hold.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("assertion").required(true).multiple(true))]
pub struct AssertCommand {
    /// The log; `-` or none is the standard input. Several are merged by time.
    files: Vec<PathBuf>,
    /// This serial was loaded.
    #[arg(long, value_name = "SERIAL", group = "assertion")]
    loaded: Vec<String>,
    /// This generation, or a later one, was loaded.
    #[arg(long, value_name = "N", group = "assertion")]
    generation_at_least: Option<u64>,
    /// These events occur in this order, others between them: `A,B field=value,C`.
    #[arg(
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        group = "assertion"
    )]
    order: Vec<Want>,
    /// No such event occurs: `identity_rejected reason=expired`.
    #[arg(long, value_name = "EVENT", group = "assertion")]
    none: Vec<Want>,
    /// No line holds a part of the private key in this file.
    #[arg(long, value_name = "KEYFILE", group = "assertion")]
    no_key_bytes: Vec<PathBuf>,
    /// The last rotation was loaded, and none took longer, from its first write to its load.
    #[arg(long, value_name = "MS", group = "assertion")]
    within: Option<u64>,
    /// What is served is valid for so many seconds from now.
    #[arg(long, value_name = "SECONDS", group = "assertion")]
    valid_for: Option<u64>,
    /// A full handshake there shows what the log claims.
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
    /// The name that the server must have in the handshake.
    #[arg(long, default_value = "localhost")]
    name: String,
    /// Milliseconds that a swap may take to reach every worker.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    slack_ms: u64,
    /// Follow the log until all holds, for so many seconds at the most.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Duration>,
}

fn seconds(typed: &str) -> Result<Duration, String> {
    let seconds: f64 = typed
        .parse()
        .map_err(|_| "a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|why| why.to_string())
}

fn a_time(typed: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(typed, &Rfc3339).map_err(|why| why.to_string())
}

const DOES_NOT_HOLD: u8 = 1;
const CANNOT_BE_TOLD: u8 = 2;

impl LogCommand {
    /// Runs it, and says what goes wrong.
    pub async fn run(self) -> ExitCode {
        let outcome = match self.assert {
            Some(Gate::Assert(assert)) => assert.run().await,
            None => self.ask.run().await.map(|()| ExitCode::SUCCESS),
        };
        outcome.unwrap_or_else(|why| match why.kind() {
            // Whoever read our answers has enough of them.
            io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            _ => {
                eprintln!("error: {why}");
                ExitCode::from(CANNOT_BE_TOLD)
            }
        })
    }
}

/// Where the lines come from, and how their places are called.
fn input(files: &[PathBuf], follow: bool) -> io::Result<Input> {
    let stdin = |path: &PathBuf| path == Path::new("-");
    match files {
        [] => Ok(Input::Stdin),
        [one] if stdin(one) => Ok(Input::Stdin),
        files if files.iter().any(stdin) => {
            Err(io::Error::other("`-` stands alone: it cannot be merged"))
        }
        files if follow => Ok(Input::Follow(files.to_vec())),
        files => Ok(Input::Files(files.to_vec())),
    }
}

fn place(files: &[PathBuf], line: &Line) -> String {
    match files.get(line.file).filter(|path| *path != Path::new("-")) {
        Some(path) => format!("{}:{}", path.display(), line.number),
        None => format!("standard input:{}", line.number),
    }
}

/// Long enough that nobody waits for it.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Ask {
    async fn run(self) -> io::Result<()> {
        // Once for all: one that comes between two waits must not be lost.
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut news = read::start(input(&self.files, self.follow)?)?;
        let mut story = Story::default();
        let end = tokio::time::Instant::now() + self.for_.unwrap_or(NEVER);
        'reading: loop {
            let read = tokio::select! {
                read = news.recv() => read,
                () = sleep_until(end) => break,
                _ = interrupts.recv() => break,
            };
            match read {
                Some(News::Lines(lines)) => {
                    for line in &lines {
                        if let (true, Some(why)) = (self.strict, line.broken) {
                            let place = place(&self.files, line);
                            return Err(io::Error::other(format!("{place}: {why}")));
                        }
                        story.line(line);
                        let Some(event) = &line.event else { continue };
                        if self.follow && !self.json {
                            tell(event)?;
                        }
                        if self
                            .until
                            .as_ref()
                            .is_some_and(|until| until.matches(event))
                        {
                            break 'reading;
                        }
                    }
                }
                Some(News::CaughtUp(_)) => {}
                Some(News::Failed(why)) => return Err(why),
                None => break,
            }
        }
        let now = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        let answers = Answers::of(&story, now);
        match self.json {
            true => say(&serde_json::to_string_pretty(&answers).map_err(io::Error::other)?),
            false => say(&answers.to_string().trim_end()),
        }
    }
}

fn say(what: &dyn Display) -> io::Result<()> {
    writeln!(io::stdout(), "{what}")
}

/// Tells what happens, as it happens.
fn tell(event: &Event) -> io::Result<()> {
    let field = |name| {
        event
            .text(name)
            .map(|text| plain(&text))
            .unwrap_or_default()
    };
    let what = match event.name() {
        "identity_loaded" => format!(
            "generation {} is served: serial {}, until {}",
            field("generation"),
            field("serial"),
            field("not_after")
        ),
        "identity_rejected" => format!(
            "a reload is refused: {} in {}; generation {} goes on",
            field("reason"),
            field("file"),
            field("generation")
        ),
        "rotation_started" => format!("the agent writes serial {}", field("serial")),
        "identity_expiring" | "alarm_cleared" => {
            format!("{}: {}", event.name(), field("level"))
        }
        "watch_degraded"
        | "watcher_died"
        | "reload_panicked"
        | "listening_stopped"
        | "listen_failed"
        | "tickets_unavailable" => format!("{}: {}", event.name(), field("why")),
        "watcher_restarted" | "key_exposed" | "file_pinned" | "process_exited" => {
            event.name().to_owned()
        }
        _ => return Ok(()),
    };
    say(&format!("{} {what}", field("ts")))
}

impl AssertCommand {
    async fn run(self) -> io::Result<ExitCode> {
        let follow = self.wait.is_some() || self.wire.is_some();
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut news = read::start(input(&self.files, follow)?)?;
        let mut wire = self.wire().await?;
        let mut assertions = Assertions::new(self.assertions()?);
        let mut story = Story::default();
        let bound = self.wait.unwrap_or(lab::BOUND);
        let end = tokio::time::Instant::now() + bound;
        let mut verdict = Verdict::NotYet("nothing was read".into());
        loop {
            let read = tokio::select! {
                read = news.recv() => read,
                () = sleep_until(end) => break,
                _ = interrupts.recv() => {
                    return Err(io::Error::other("interrupted before it could be told"));
                }
            };
            let ended = read.is_none();
            match read {
                Some(News::Lines(lines)) => {
                    for line in &lines {
                        story.line(line);
                        assertions.line(line, &|line| place(&self.files, line));
                        if let (Some(wire), Some(event)) = (&mut wire, &line.event) {
                            wire.event(event);
                        }
                    }
                    continue;
                }
                Some(News::Failed(why)) => return Err(why),
                Some(News::CaughtUp(_)) | None => {
                    verdict = assertions.verdict(&story, OffsetDateTime::now_utc());
                    if let (Verdict::Holds, Some(wire)) = (&verdict, &mut wire) {
                        verdict = wire.verdict(&story).await;
                    }
                }
            }
            let hopeful = self.wait.is_some() || wire.as_ref().is_some_and(Wire::hopeful);
            match &verdict {
                Verdict::Holds => return Ok(ExitCode::SUCCESS),
                Verdict::NotYet(_) if hopeful && !ended => {}
                Verdict::NotYet(_) | Verdict::Never(_) => break,
            }
        }
        let said = match verdict {
            Verdict::Holds => return Ok(ExitCode::SUCCESS),
            Verdict::NotYet(said) | Verdict::Never(said) => said,
        };
        eprintln!("does not hold: {said}");
        Ok(ExitCode::from(DOES_NOT_HOLD))
    }

    fn assertions(&self) -> io::Result<Vec<What>> {
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
                    let said = format!("{}: it holds no private key in PEM", file.display());
                    return Err(io::Error::other(said));
                }
            }
            all.push(What::NoKeyBytes(secrets));
        }
        all.extend(
            self.within
                .map(|ms| What::Within(Duration::from_millis(ms))),
        );
        all.extend(
            self.valid_for
                .map(|s| What::ValidFor(Duration::from_secs(s))),
        );
        Ok(all)
    }

    async fn wire(&self) -> io::Result<Option<Wire>> {
        let (Some(server), Some(roots)) = (&self.wire, &self.roots) else {
            return Ok(None);
        };
        let named = |why: io::Error| io::Error::other(format!("{server}: {why}"));
        let mut addresses = tokio::net::lookup_host(server).await.map_err(named)?;
        let address = addresses.next();
        let address = address.ok_or_else(|| named(io::ErrorKind::NotFound.into()))?;
        let roots_pem = text(roots)?;
        let client = Client::new(&roots_pem, &self.name, Options::default());
        let client = client.map_err(|why| {
            io::Error::other(format!("{} or {}: {why}", roots.display(), self.name))
        })?;
        Ok(Some(Wire {
            client,
            server: address,
            slack: Duration::from_millis(self.slack_ms),
            log: Vec::new(),
            seen: Vec::new(),
            first: None,
        }))
    }
}

fn text(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
        .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", path.display())))
}

/// The line of a swap may come after the swap: so long is it waited for.
const LINE_BOUND: Duration = Duration::from_secs(2);

/// Of the log's claims, and of what clients are shown, the last so many are kept.
const KEPT: usize = 1000;

/// The judge.
struct Wire {
    client: Client,
    server: SocketAddr,
    slack: Duration,
    /// The events that say what is served.
    log: Vec<Event>,
    seen: Vec<Sighting>,
    /// When the first handshake began.
    first: Option<Instant>,
}

impl Wire {
    fn event(&mut self, event: &Event) {
        let says = ["identity_loaded", "listening", "process_exited"].contains(&event.name());
        if says || self.log.is_empty() {
            self.log.push(event.clone());
        }
        if self.log.len() > KEPT {
            self.log.remove(0);
        }
    }

    /// Whether a line that is on its way may still explain what was shown.
    fn hopeful(&self) -> bool {
        self.first.is_none_or(|first| first.elapsed() < LINE_BOUND)
    }

    /// Compares what was seen with what has been read by now. Where that does not settle it, shakes
    /// hands once more.
    async fn verdict(&mut self, story: &Story) -> Verdict {
        if !self.seen.is_empty() {
            let verdict = self.compare(story);
            if !matches!(verdict, Verdict::NotYet(_)) {
                return verdict;
            }
        }
        match self.look().await {
            Ok(()) => self.compare(story),
            Err(why) => Verdict::NotYet(format!("{} confirms nothing: {why}", self.server)),
        }
    }

    async fn look(&mut self) -> Result<(), lab::client::Failure> {
        let at = OffsetDateTime::now_utc();
        self.first.get_or_insert_with(Instant::now);
        let (mut stream, seen) = self.client.open(self.server).await?;
        // The server may be gone already; then there is nobody to say goodbye to.
        let _ = stream.shutdown().await;
        self.seen.push(Sighting {
            at,
            done: OffsetDateTime::now_utc(),
            serial: seen.chain.serial,
            resumed: seen.resumed,
        });
        if self.seen.len() > KEPT {
            self.seen.remove(0);
        }
        Ok(())
    }

    fn compare(&self, story: &Story) -> Verdict {
        let lies = cross_check(&self.log, &self.seen, self.slack);
        let on_its_way = |lie: &Lie| matches!(lie, Lie::ShownNotLoaded { .. });
        if let Some(lie) = lies.iter().find(|lie| !on_its_way(lie)) {
            return Verdict::Never(lie.to_string());
        }
        if let Some(lie) = lies.first() {
            return Verdict::NotYet(lie.to_string());
        }
        let claimed = || {
            story
                .told
                .values()
                .filter_map(|server| server.serving.as_ref())
        };
        let last = self.seen.last();
        if claimed().any(|claim| last.is_some_and(|seen| seen.serial == claim.serial)) {
            return Verdict::Holds;
        }
        let claimed = claimed().map(|claim| {
            let since = claim.since.map_or_else(|| "?".into(), date);
            format!(
                "generation {} ({}) since {since}",
                claim.generation, claim.serial
            )
        });
        let claimed: Vec<_> = claimed.collect();
        Verdict::NotYet(match (claimed.as_slice(), last) {
            ([], _) => "the log claims nothing that a handshake could confirm".into(),
            (_, None) => "no handshake was made".into(),
            (claimed, Some(seen)) => format!(
                "the log claims {}, and no handshake confirms it: {} was shown",
                claimed.join(", "),
                seen.serial
            ),
        })
    }
}
