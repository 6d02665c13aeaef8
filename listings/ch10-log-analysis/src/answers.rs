//! The answers, for people as [text](std::fmt::Display) and for machines as JSON.

mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::format::{rfc3339, rfc3339_if_any};
use crate::servers::Id;
use crate::state::{LogState, Refused, Server, Took};

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
    /// The first of those: its file and its line, each from 1, and why. Said in words alone.
    #[serde(skip)]
    pub first_broken: Option<(usize, u64, &'static str)>,
    /// Lines that are missing, as a server says: nothing read its log for a while. What they held is not in these
    /// answers.
    pub lost_lines: u64,
    /// How often its clock was set back, by a second or more.
    pub clock_set_back: u64,
    /// Durations that the clock made negative.
    pub unmeasured: u64,
}

impl Answers {
    /// What the log's state answers at the time `at`.
    pub fn of(state: &LogState, at: OffsetDateTime) -> Self {
        let servers = state.alive.iter();
        Self {
            at,
            servers: servers
                .map(|(id, server)| of_server(*id, server, at))
                .collect(),
            servers_gone: state.gone,
            not_loaded: state
                .times
                .begun
                .clone()
                .map(|(serial, since)| Begun { serial, since }),
            file_to_load: percentiles(&state.times.file_to_load),
            load_to_wire: percentiles(&state.times.load_to_wire),
            file_to_wire: percentiles(&state.times.file_to_wire),
            replaced_unseen: state.replaced_unseen(),
            log: OfLog {
                events: state.read.events,
                broken_lines: state.read.broken,
                first_broken: state.read.first_broken,
                lost_lines: state.read.lost,
                clock_set_back: state.clock_set_back,
                unmeasured: state.times.unmeasured,
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
        alarms: raised(server),
    }
}

/// One for each kind: where several of it are raised, it says all of them, and since the first.
fn raised(server: &Server) -> BTreeMap<&'static str, Raised> {
    let mut all: BTreeMap<_, Raised> = BTreeMap::new();
    for ((name, _), alarm) in &server.alarms {
        match all.get_mut(name) {
            None => {
                let (since, says) = (alarm.since, alarm.says.clone());
                all.insert(*name, Raised { since, says });
            }
            Some(raised) => {
                raised.since = raised.since.min(alarm.since);
                raised.says = format!("{}; {}", raised.says, alarm.says);
            }
        }
    }
    all
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
