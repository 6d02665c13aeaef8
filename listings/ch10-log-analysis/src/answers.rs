//! The answers, for people as text and for machines as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::date;
use crate::servers::Id;
use crate::story::{Server, Story, Took};

/// What somebody on call asks a log.
#[derive(Clone, Debug, Serialize)]
pub struct Answers {
    /// The time to which "now" and "left" refer.
    #[serde(serialize_with = "rfc3339")]
    pub at: OffsetDateTime,
    /// Each server that lives, as far as the log tells.
    pub servers: Vec<OfServer>,
    /// Servers whose end the log proves.
    pub servers_gone: u64,
    /// The agent's last rotation, if no server has loaded it.
    pub not_loaded: Option<Begun>,
    /// From the agent's first write until the generation is loaded.
    pub file_to_load: Percentiles,
    /// From there until a client has completed a full handshake with it.
    pub load_to_wire: Percentiles,
    /// Both together.
    pub file_to_wire: Percentiles,
    /// Generations that were replaced before any client had come.
    pub replaced_unseen: u64,
    /// Of the log itself.
    pub log: OfLog,
}

/// A rotation that was begun.
#[derive(Clone, Debug, Serialize)]
pub struct Begun {
    /// The serial of the new leaf.
    pub serial: String,
    /// When the agent began to write.
    #[serde(serialize_with = "rfc3339")]
    pub since: OffsetDateTime,
}

/// One server.
#[derive(Clone, Debug, Serialize)]
pub struct OfServer {
    /// Its number, where a supervisor gave it one.
    pub process: Option<u64>,
    /// Where it listens.
    pub ports: Vec<u64>,
    /// What it says that it serves. None where no load is in the log.
    pub serving: Option<Served>,
    /// Its reloads.
    pub reloads: Reloads,
    /// Its connections.
    pub connections: Connections,
    /// What was raised and not cleared, by the event that raised it.
    pub alarms: BTreeMap<&'static str, Raised>,
}

/// What is served, since when, until when.
#[derive(Clone, Debug, Serialize)]
pub struct Served {
    /// Its generation.
    pub generation: u64,
    /// The serial of the leaf.
    pub serial: String,
    /// When it was loaded.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub since: Option<OffsetDateTime>,
    /// Its notAfter.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub until: Option<OffsetDateTime>,
    /// From now to notAfter; negative where that has passed.
    pub seconds_left: Option<i64>,
    /// Whether a client says, in this log, that it was shown it. If not, it is the server's word.
    pub seen_by_client: bool,
}

/// How reloads went.
#[derive(Clone, Debug, Serialize)]
pub struct Reloads {
    /// Generations that were loaded, the first included.
    pub loaded: u64,
    /// How often one was refused, by reason.
    pub refused: BTreeMap<String, u64>,
    /// The last that was.
    pub last_refused: Option<Refused>,
}

/// A reload that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// When.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub at: Option<OffsetDateTime>,
    /// A word of the contract's closed set.
    pub reason: String,
    /// The file that was not fit.
    pub file: Option<String>,
    /// What the TLS library says.
    pub detail: Option<String>,
    /// The generation that went on.
    pub kept: Option<u64>,
    /// The generation that was loaded afterwards, if one was.
    pub mended_by: Option<u64>,
}

/// Connections, as far as they are in the log.
#[derive(Clone, Debug, Serialize)]
pub struct Connections {
    /// That began in this log.
    pub opened: u64,
    /// That ended in it.
    pub closed: u64,
    /// That began and did not end.
    pub open: usize,
    /// Those of them that resumed a session: nobody can tell under what.
    pub open_unknown: usize,
    /// Those that live under an older generation than the one that is served, oldest first.
    pub old: Vec<OldConnection>,
}

/// A connection under an old generation.
#[derive(Clone, Debug, Serialize)]
pub struct OldConnection {
    /// Its number.
    pub connection: u64,
    /// The generation that it was opened under.
    pub generation: u64,
    /// When it was.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub since: Option<OffsetDateTime>,
}

/// An alarm.
#[derive(Clone, Debug, Serialize)]
pub struct Raised {
    /// Since when it says this.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub since: Option<OffsetDateTime>,
    /// What it says.
    pub says: String,
}

/// How long something took, in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// How many times it was measured. Where it is 0, so are the others.
    pub count: u64,
    /// Half took no longer.
    pub p50_us: u64,
    /// All but one in a hundred took no longer.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// The log itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OfLog {
    /// Events in it.
    pub events: u64,
    /// Lines that are no event, or not one alone.
    pub broken_lines: u64,
    /// How often its clock was set back, by a second or more.
    pub clock_set_back: u64,
    /// Durations that the clock made negative.
    pub unmeasured: u64,
}

impl Answers {
    /// What `story` answers at the time `at`.
    pub fn of(story: &Story, at: OffsetDateTime) -> Self {
        let servers = story.told.iter();
        Self {
            at,
            servers: servers
                .map(|(id, server)| of_server(*id, server, at))
                .collect(),
            servers_gone: story.gone,
            not_loaded: story
                .times
                .begun
                .clone()
                .map(|(serial, since)| Begun { serial, since }),
            file_to_load: percentiles(&story.times.file_to_load),
            load_to_wire: percentiles(&story.times.load_to_wire),
            file_to_wire: percentiles(&story.times.file_to_wire),
            replaced_unseen: story.replaced_unseen(),
            log: OfLog {
                events: story.read.events,
                broken_lines: story.read.broken,
                clock_set_back: story.clock_set_back,
                unmeasured: story.times.unmeasured,
            },
        }
    }
}

fn of_server(id: Id, server: &Server, now: OffsetDateTime) -> OfServer {
    let serving = server.serving.as_ref();
    let current = serving.map(|serving| serving.generation);
    let mut old: Vec<_> = server
        .open
        .iter()
        .filter_map(|(connection, open)| {
            let generation = open.generation.filter(|of| Some(*of) < current)?;
            Some(OldConnection {
                connection: *connection,
                generation,
                since: open.since,
            })
        })
        .collect();
    old.sort_by_key(|open| (open.since, open.connection));
    OfServer {
        process: match id {
            Id::Process(process) => Some(process),
            Id::Unlabelled(_) => None,
        },
        ports: server.listening.clone(),
        serving: serving.map(|serving| Served {
            generation: serving.generation,
            serial: serving.serial.clone(),
            since: serving.since,
            until: serving.until,
            seconds_left: serving.until.map(|until| (until - now).whole_seconds()),
            seen_by_client: serving.seen_by_client,
        }),
        reloads: Reloads {
            loaded: server.loaded,
            refused: server.refused.clone(),
            last_refused: server.last_refused.clone(),
        },
        connections: Connections {
            opened: server.opened,
            closed: server.closed,
            open: server.open.len(),
            open_unknown: server
                .open
                .values()
                .filter(|open| open.generation.is_none())
                .count(),
            old,
        },
        alarms: server
            .alarms
            .iter()
            .map(|(name, alarm)| {
                let (since, says) = (alarm.since, alarm.says.clone());
                (*name, Raised { since, says })
            })
            .collect(),
    }
}

fn percentiles(times: &Took) -> Percentiles {
    // What the histogram cannot tell apart, it calls by the largest; we know that it was no longer.
    let of = |quantile| times.all.value_at_quantile(quantile).min(times.longest);
    Percentiles {
        count: times.all.len(),
        p50_us: of(0.5),
        p99_us: of(0.99),
        max_us: times.longest,
    }
}

/// As many connections are named in the text; the JSON has them all.
const NAMED: usize = 5;

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.servers.is_empty() {
            writeln!(f, "served now: nothing in this log says so")?;
        }
        let unlabelled = self
            .servers
            .iter()
            .filter(|server| server.process.is_none());
        if unlabelled.count() > 1 {
            let which = "several servers, and not all say which `process` they are";
            writeln!(f, "{which}: whose load or connection it is, is a guess")?;
        }
        for server in &self.servers {
            if let Some(process) = server.process {
                writeln!(f, "process {process}")?;
            } else if self.servers.len() > 1 {
                let ports: Vec<_> = server.ports.iter().map(u64::to_string).collect();
                writeln!(f, "server on port {}", ports.join(", "))?;
            }
            server.write(self.at, f)?;
        }
        if self.servers_gone > 0 {
            writeln!(f, "servers that are gone: {}", self.servers_gone)?;
        }
        if let Some(Begun { serial, since }) = &self.not_loaded {
            let (serial, since, ago) = (plain(serial), moment(*since), ago(self.at - *since));
            writeln!(
                f,
                "not loaded: serial {serial}, which the agent began to write at {since} ({ago})"
            )?;
        }
        for (what, times) in [
            ("from file to load", self.file_to_load),
            ("from load to wire", self.load_to_wire),
            ("from file to wire", self.file_to_wire),
        ] {
            writeln!(f, "{what}: {times}")?;
        }
        if self.replaced_unseen > 0 {
            writeln!(
                f,
                "replaced before any client came: {}",
                self.replaced_unseen
            )?;
        }
        write!(
            f,
            "log: {} events, {} broken lines",
            self.log.events, self.log.broken_lines
        )?;
        if self.log.clock_set_back > 0 {
            write!(
                f,
                "; its clock was set back {} times",
                self.log.clock_set_back
            )?;
        }
        writeln!(f)
    }
}

impl OfServer {
    fn write(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.serving {
            None => writeln!(f, "served now: no load is in this log")?,
            Some(served) => {
                let (generation, serial) = (served.generation, plain(&served.serial));
                writeln!(f, "served now: generation {generation}, serial {serial}")?;
                if let Some(since) = served.since {
                    writeln!(f, "  since {} ({})", moment(since), ago(now - since))?;
                }
                if let Some(until) = served.until {
                    writeln!(f, "  until {} ({})", moment(until), ahead(until - now))?;
                }
                if !served.seen_by_client {
                    writeln!(f, "  by its own word: no client says so in this log")?;
                }
            }
        }
        let refused: u64 = self.reloads.refused.values().sum();
        let reasons = self.reloads.refused.iter();
        let reasons = reasons.map(|(reason, times)| format!("{} {times}", plain(reason)));
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        let loaded = self.reloads.loaded;
        match refused {
            0 => writeln!(f, "reloads: {loaded} loaded, none refused")?,
            _ => writeln!(f, "reloads: {loaded} loaded, {refused} refused ({reasons})")?,
        }
        if let Some(last) = &self.reloads.last_refused {
            last.write(now, f)?;
        }
        let connections = &self.connections;
        let (open, old) = (connections.open, connections.old.len());
        writeln!(
            f,
            "connections: {} opened, {open} of them open, {old} under an old generation",
            connections.opened
        )?;
        for old in connections.old.iter().take(NAMED) {
            let OldConnection {
                connection,
                generation,
                since,
            } = old;
            write!(f, "  connection {connection} under generation {generation}")?;
            match since {
                Some(since) => writeln!(f, ", since {} ({})", moment(*since), ago(now - *since))?,
                None => writeln!(f)?,
            }
        }
        if old > NAMED {
            writeln!(f, "  and {} more", old - NAMED)?;
        }
        if self.alarms.is_empty() {
            writeln!(f, "alarms: none is raised")?;
        }
        for (name, alarm) in &self.alarms {
            write!(f, "alarm: {name}: {}", plain(&alarm.says))?;
            match alarm.since {
                Some(since) => writeln!(f, ", since {} ({})", moment(since), ago(now - since))?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Refused {
    fn write(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  the last one: {}", plain(&self.reason))?;
        if let Some(file) = &self.file {
            write!(f, " in {}", plain(file))?;
        }
        if let Some(at) = self.at {
            write!(f, ", at {} ({})", moment(at), ago(now - at))?;
        }
        match (self.mended_by, self.kept) {
            (Some(by), _) => writeln!(f, ", mended by generation {by}")?,
            (None, Some(kept)) => writeln!(f, ", NOT mended: generation {kept} goes on")?,
            (None, None) => writeln!(f, ", NOT mended")?,
        }
        match &self.detail {
            Some(detail) => writeln!(f, "    {}", plain(detail)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three digits are what the histogram knows.
        let ms = |micros: u64| match micros as f64 / 1000.0 {
            ms if ms >= 9_995.0 => span(Duration::microseconds(micros as i64)),
            ms if ms >= 999.5 => format!("{:.2} s", ms / 1000.0),
            ms if ms >= 99.95 => format!("{ms:.0} ms"),
            ms if ms >= 10.0 => format!("{ms:.1} ms"),
            ms => format!("{ms:.2} ms"),
        };
        let (p50, p99, max) = (ms(self.p50_us), ms(self.p99_us), ms(self.max_us));
        match self.count {
            0 => f.write_str("nothing in this log says"),
            1 => write!(f, "once, {max}"),
            2..100 => write!(f, "{} times, median {p50}, longest {max}", self.count),
            _ => write!(
                f,
                "{} times, median {p50}, p99 {p99}, longest {max}",
                self.count
            ),
        }
    }
}

fn ago(past: Duration) -> String {
    match past.is_negative() {
        true => format!("{} from now: by this clock not yet", span(-past)),
        false => format!("{} ago", span(past)),
    }
}

fn ahead(future: Duration) -> String {
    match future.is_negative() {
        true => format!("EXPIRED {} ago", span(-future)),
        false => format!("in {}", span(future)),
    }
}

/// The two largest units: nobody on call wants more.
fn span(span: Duration) -> String {
    let (days, hours) = (span.whole_days(), span.whole_hours());
    let (minutes, seconds) = (span.whole_minutes(), span.whole_seconds());
    match (days, hours, minutes) {
        (1.., ..) => format!("{days} d {} h", hours % 24),
        (_, 1.., _) => format!("{hours} h {} min", minutes % 60),
        (_, _, 1..) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{seconds} s"),
    }
}

/// To the millisecond: for people.
fn moment(at: OffsetDateTime) -> String {
    date(at.truncate_to_millisecond())
}

/// A log may hold anything. What reaches a terminal holds nothing that steers it.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

fn rfc3339<S: serde::Serializer>(at: &OffsetDateTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&date(*at))
}

fn rfc3339_if_any<S: serde::Serializer>(
    at: &Option<OffsetDateTime>,
    to: S,
) -> Result<S::Ok, S::Error> {
    at.map(date).serialize(to)
}
