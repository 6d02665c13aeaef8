//! `zdr log`: what is served, what failed, and how long it took.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lab::eprintln;
use lab::event::Event;
use lab::log::Want;
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep_until;

use super::input::{NEVER, a_time, input, place, seconds};
use crate::answers::Answers;
use crate::contract;
use crate::error::Error;
use crate::format::moment;
use crate::read::{self, Line, News, REPEATED};
use crate::state::{LogState, NEWEST_FIRST};
use events::line::plain;

#[derive(Args, Debug)]
pub(super) struct Ask {
    /// The log files; `-` or none: the standard input. Several are merged by time.
    files: Vec<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    /// End with an error at the first line that is not an event.
    #[arg(long)]
    strict: bool,
    /// Reckon what is past and what is left from this time (RFC 3339) instead of now. Each line counts all the same.
    #[arg(long, value_parser = a_time)]
    at: Option<OffsetDateTime>,
    /// Follow the file as it grows, also when it is rotated or truncated, and report each event; answer
    /// at the end, or at Ctrl-C.
    #[arg(long, short = 'f', requires = "files")]
    follow: bool,
    /// Follow for this many seconds.
    #[arg(long = "for", value_name = "SECONDS", requires = "follow", value_parser = seconds)]
    for_: Option<Duration>,
    /// Stop at this event: `identity_loaded serial=1002`.
    #[arg(long, value_name = "EVENT", value_parser = contract::wanted)]
    until: Option<Want>,
}

impl Ask {
    /// Reads the log, and answers.
    pub(super) async fn run(self) -> Result<(), Error> {
        // Once for all: one that comes between two waits must not be lost.
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut news = read::start(input(&self.files, self.follow)?)?;
        let mut state = LogState::default();
        let end = tokio::time::Instant::now() + self.for_.unwrap_or(NEVER);
        let mut found = self.until.is_none();
        'reading: loop {
            let read = tokio::select! {
                read = news.recv() => read,
                () = sleep_until(end) => break,
                _ = interrupts.recv() => break,
            };
            match read {
                Some(News::Lines(lines)) => {
                    for line in &lines {
                        if self.take(line, &mut state)? {
                            found = true;
                            break 'reading;
                        }
                    }
                }
                Some(News::Begun(_) | News::CaughtUp(_)) => {}
                Some(News::Failed(error)) => return Err(error),
                None => break,
            }
        }
        if let Some(until) = self.until.as_ref().filter(|_| !found) {
            eprintln!("the log has no `{until}`: these are the answers at its end");
        }
        if state.newest_first() {
            return Err(Error::Untold(NEWEST_FIRST.into()));
        }
        let both = self.at.zip(state.newest());
        if let Some((_, newest)) = both.filter(|(at, newest)| at < newest) {
            let newest = moment(newest);
            eprintln!(
                "the log goes on until {newest}, and these answers are those at its end: --at sets the clock alone"
            );
        }
        let now = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        let answers = Answers::of(&state, now);
        if self.json {
            say(&serde_json::to_string_pretty(&answers)?)
        } else {
            say(&answers.to_string().trim_end())
        }
    }

    /// Takes the next line. Whether it is the last that is wanted.
    fn take(&self, line: &Line, state: &mut LogState) -> Result<bool, Error> {
        let broken = line.broken.filter(|why| *why != REPEATED);
        if let Some(broken) = broken.filter(|_| self.strict) {
            return Err(Error::Line(place(&self.files, line), broken));
        }
        state.line(line);
        let Some(event) = &line.event else {
            return Ok(false);
        };
        if let Some(news) = line.news().filter(|_| self.follow && !self.json) {
            tell(news)?;
        }
        Ok(self
            .until
            .as_ref()
            .is_some_and(|until| until.matches(event)))
    }
}

fn say(what: &dyn Display) -> Result<(), Error> {
    Ok(writeln!(io::stdout(), "{what}")?)
}

/// Tells what happens, as it happens.
fn tell(event: &Event) -> Result<(), Error> {
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
        "lines_lost" => format!("{} lines of the log are lost here", field("lines")),
        "trust_rejected" => format!("{}: {}", event.name(), field("reason")),
        "trust_expired" => format!("{}: {}", event.name(), field("root")),
        "trust_held" | "drain_refused" => {
            format!("{}: {}: {}", event.name(), field("root"), field("why"))
        }
        "names_lost" => format!("{}: {}", event.name(), field("names")),
        "fault_ended" => format!("{} is over {}", field("fault"), field("file")),
        "watcher_restarted" | "key_exposed" | "file_pinned" | "process_exited" => {
            event.name().to_owned()
        }
        _ => return Ok(()),
    };
    say(&format!("{} {}", field("ts"), what.trim_end()))
}
