//! The state that a log tells of, taken line by line. What is kept grows with the connections that
//! are open, and with nothing else.

mod times;

use std::collections::BTreeMap;

use lab::event::Event;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::claims::CLOCK_STEP;
use crate::format::{rfc3339_if_any, time_of};
use crate::read::Line;
use crate::servers::{Id, Servers};
use times::{MOST, Serving, Times};

pub(crate) use times::Took;

/// What the lines of a log that were taken so far add up to.
#[derive(Debug, Default)]
pub struct LogState {
    /// Tells whose event it is.
    servers: Servers,
    /// Those that live, as far as the log tells.
    pub(crate) alive: BTreeMap<Id, Server>,
    /// Those that are over.
    pub(crate) gone: u64,
    pub(crate) times: Times,
    pub(crate) read: Counts,
    pub(crate) clock_set_back: u64,
    newest: Option<OffsetDateTime>,
    /// The time of the line before, and how often the next one is later and earlier.
    last: Option<OffsetDateTime>,
    later: u64,
    earlier: u64,
    /// The last load, and whether one of a lower generation came behind it with an earlier time.
    last_load: Option<(OffsetDateTime, u64)>,
    fell: bool,
}

/// What is said of a log that begins with its end: nothing in it follows from what stands before.
pub(crate) const NEWEST_FIRST: &str = "its newest line stands first, as some collectors export it, or its clock was set back and no line came since: ask for the oldest first (`logcli --forward`, `gcloud --order=asc`), or turn it around (`tac FILE | zdr log ...`)";

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub events: u64,
    pub broken: u64,
    /// The first of those: its file and its line, each from 1, and why.
    pub first_broken: Option<(usize, u64, &'static str)>,
    /// Lines that are missing, by the servers' own word.
    pub lost: u64,
}

/// One server.
#[derive(Debug, Default)]
pub(crate) struct Server {
    pub serving: Option<Serving>,
    /// What was served before: the line of a connection may come late.
    pub before: Option<Serving>,
    pub loaded: u64,
    pub refused: BTreeMap<String, u64>,
    pub last_refused: Option<Refused>,
    pub open: BTreeMap<u64, Open>,
    pub opened: u64,
    pub closed: u64,
    pub listening: Vec<u64>,
    /// By what raised it, and of what it is: a file, a root, or nothing.
    pub alarms: BTreeMap<(&'static str, String), Alarm>,
    /// A connection of a generation whose line has not come yet.
    ahead: Option<u64>,
    /// Trust anchors were rejected since the last renewal: the server says so before each.
    distrusted: bool,
}

/// A reload that was refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// When the server said so.
    #[serde(serialize_with = "rfc3339_if_any")]
    pub at: Option<OffsetDateTime>,
    /// A word of the contract's closed set.
    pub reason: String,
    /// The file that is not valid.
    pub file: Option<String>,
    /// What the TLS library says.
    pub detail: Option<String>,
    /// The generation that went on.
    pub kept: Option<u64>,
    /// The generation that was loaded afterwards, or whose files were there again.
    pub mended_by: Option<u64>,
}

/// A connection that is open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    /// None where it resumed: nobody can tell.
    pub generation: Option<u64>,
    pub since: Option<OffsetDateTime>,
}

/// Something that was raised and not cleared.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub since: Option<OffsetDateTime>,
    pub says: String,
}

impl LogState {
    /// Takes the next line.
    pub fn line(&mut self, line: &Line) {
        if let Some(why) = line.broken {
            self.read.broken += 1;
            let first = &mut self.read.first_broken;
            first.get_or_insert((line.file + 1, line.number, why));
        }
        if let Some(event) = line.news() {
            self.event(event);
        }
    }

    /// Takes the next event.
    pub fn event(&mut self, event: &Event) {
        self.read.events += 1;
        let at = time_of(event);
        if let Some(at) = at {
            if self.newest.is_some_and(|newest| at + CLOCK_STEP < newest) {
                self.clock_set_back += 1;
                self.newest = None;
            }
            self.newest = self.newest.max(Some(at));
            let last = self.last.replace(at);
            self.later += u64::from(last.is_some_and(|last| at > last));
            self.earlier += u64::from(last.is_some_and(|last| at < last));
            if let ("identity_loaded", Some(generation)) =
                (event.name(), event.number("generation"))
            {
                let last = self.last_load.replace((at, generation));
                self.fell |= last.is_some_and(|last| at < last.0 && generation < last.1);
            }
        }
        let whose = self.servers.of(event);
        if whose
            .over
            .is_some_and(|over| self.alive.remove(&over).is_some())
        {
            self.gone += 1;
        }
        match event.name() {
            "process_exited" => {}
            "lines_lost" => {
                let lines = event.number("lines").unwrap_or_default();
                self.read.lost = self.read.lost.saturating_add(lines);
            }
            "rotation_started" => self.times.started(event, at),
            "handshake_seen" => self.seen(event, at),
            _ if is_of_a_server(event.name()) => self.of_server(whose.server, event, at),
            _ => {}
        }
    }

    /// Whether the log begins with its end. A clock that is set back does so once, and lines of several
    /// threads stand in another order here and there. Where all that is there are two lines, one of them long before the
    /// other, it cannot be told which it is.
    pub fn newest_first(&self) -> bool {
        let mostly = self.earlier > 1 && self.earlier > 2 * self.later;
        mostly || self.later == 0 && (self.clock_set_back > 0 || self.fell)
    }

    /// The time of its newest event since its clock was set.
    pub(crate) fn newest(&self) -> Option<OffsetDateTime> {
        self.newest
    }

    /// Generations that were replaced, and no client's full handshake with them is in the log.
    pub(crate) fn replaced_unseen(&self) -> u64 {
        let before = self
            .alive
            .values()
            .filter_map(|server| server.before.as_ref());
        let unused = before.filter(|before| !before.used).count();
        self.times.unused + unused as u64
    }

    fn of_server(&mut self, id: Id, event: &Event, at: Option<OffsetDateTime>) {
        let server = self.alive.entry(id).or_default();
        match event.name() {
            "identity_loaded" => server.loads(event, at, &mut self.times),
            "connection_opened" => server.opens(event, at, &mut self.times),
            "connection_closed" => {
                server.closed += 1;
                if let Some(connection) = event.number("connection") {
                    server.open.remove(&connection);
                }
            }
            "identity_rejected" | "identity_awaited" | "reload_panicked" => {
                server.refuses(event, at)
            }
            "reload_skipped" => {
                if let Some(generation) = event.number("generation") {
                    server.mended(generation);
                }
            }
            "trust_moved" => server.moved(event),
            _ => server.alarms(event, at),
        }
    }

    /// A client tells what it was shown: the server whose serial it is has its confirmation.
    fn seen(&mut self, event: &Event, at: Option<OffsetDateTime>) {
        let serial = event.text("serial").unwrap_or_default();
        if event.0.get("resumed") == Some(&true.into()) {
            return;
        }
        let servers = self.alive.values_mut();
        let known = servers.flat_map(|server| [&mut server.serving, &mut server.before]);
        let known = known.flatten();
        for serving in known.filter(|serving| serving.serial == serial) {
            serving.seen_by_client = true;
            self.times.used(serving, at);
        }
    }
}

/// Agents and clients may write into the same log.
fn is_of_a_server(name: &str) -> bool {
    [
        "identity_",
        "connection_",
        "reload_",
        "watch",
        "listen",
        "alarm_",
        "key_exposed",
        "trust_rejected",
        "trust_expired",
        "trust_held",
        "trust_moved",
        "drain_refused",
        "names_lost",
        "file_pinned",
        "fault_ended",
        "tickets_unavailable",
        "accept_failed",
    ]
    .iter()
    .any(|begins| name.starts_with(begins))
}

impl Server {
    fn loads(&mut self, event: &Event, at: Option<OffsetDateTime>, times: &mut Times) {
        let generation = event.number("generation").unwrap_or(0);
        self.loaded += 1;
        let until = event.text("not_after");
        let mut serving = Serving {
            generation,
            serial: event.text("serial").unwrap_or_default(),
            since: at,
            until: until.and_then(|until| OffsetDateTime::parse(&until, &Rfc3339).ok()),
            started: None,
            used: false,
            seen_by_client: false,
        };
        times.loaded(&mut serving);
        if self.ahead.take() == Some(generation) {
            // Its line came before ours, since the swap did.
            times.used(&mut serving, at);
        }
        let served = self.serving.as_ref();
        let renewed = served.is_some_and(|served| served.serial != serving.serial);
        if renewed && !std::mem::take(&mut self.distrusted) {
            self.clear("trust_rejected");
        }
        let before = self.serving.replace(serving);
        let replaced = std::mem::replace(&mut self.before, before);
        times.unused += u64::from(replaced.is_some_and(|replaced| !replaced.used));
        self.mended(generation);
    }

    /// The files are valid, and hold what this generation serves.
    fn mended(&mut self, generation: u64) {
        self.clear("identity_held");
        if let Some(refused) = &mut self.last_refused {
            refused.mended_by.get_or_insert(generation);
        }
    }

    fn opens(&mut self, event: &Event, at: Option<OffsetDateTime>, times: &mut Times) {
        self.opened += 1;
        let generation = event.number("generation");
        if let Some(connection) = event.number("connection") {
            let since = at;
            self.open.insert(connection, Open { generation, since });
        }
        if generation.is_none() || event.0.get("resumed") == Some(&true.into()) {
            return;
        }
        let mut known = [&mut self.serving, &mut self.before].into_iter().flatten();
        match known.find(|known| Some(known.generation) == generation) {
            Some(known) => times.used(known, at),
            None => self.ahead = generation,
        }
    }

    fn refuses(&mut self, event: &Event, at: Option<OffsetDateTime>) {
        let reason = match event.name() {
            "reload_panicked" => "panicked".into(),
            _ => event.text("reason").unwrap_or_default(),
        };
        // A closed set: a log that holds any word as a reason must not fill the memory.
        if self.refused.len() < MOST || self.refused.contains_key(&reason) {
            *self.refused.entry(reason.clone()).or_default() += 1;
        }
        self.last_refused = Some(Refused {
            at,
            reason,
            file: event.text("file"),
            detail: event.text("detail").or_else(|| event.text("why")),
            kept: event.number("generation"),
            mended_by: None,
        });
        // The files hold something else by now.
        self.clear("identity_held");
    }

    /// This is over, of whatever it was.
    fn clear(&mut self, name: &str) {
        self.alarms.retain(|(raised, _), _| *raised != name);
    }

    /// A fault is over, of this file or root alone where the event names one.
    fn ended(&mut self, event: &Event) {
        let fault = event.text("fault").unwrap_or_default();
        let of = subject(event);
        self.alarms
            .retain(|(raised, whose), _| *raised != fault || (!of.is_empty() && *whose != of));
    }

    /// A root has gone, or is listed again: it is no longer held. One that is drained is not refused that any more.
    fn moved(&mut self, event: &Event) {
        let over: &[&str] = match event.text("step").as_deref() {
            Some("add" | "remove") => &["trust_held", "drain_refused"],
            Some("drain") => &["drain_refused"],
            _ => &[],
        };
        let of = subject(event);
        self.alarms
            .retain(|(raised, whose), _| *whose != of || !over.contains(raised));
    }

    fn alarms(&mut self, event: &Event, at: Option<OffsetDateTime>) {
        self.distrusted |= event.name() == "trust_rejected";
        let text = |field| event.text(field).unwrap_or_default();
        let of = |whose, field| format!("{}: {}", text(whose), text(field));
        let (name, says) = match event.name() {
            "alarm_cleared" if text("level") == "fresh" => return self.clear("identity_expiring"),
            "fault_ended" => return self.ended(event),
            "trust_held" => ("trust_held", of("root", "why")),
            "drain_refused" => ("drain_refused", of("root", "why")),
            "identity_expiring" | "alarm_cleared" => ("identity_expiring", text("level")),
            "watch_degraded" => ("watch_degraded", of("to", "why")),
            "watcher_died" => ("watcher_died", text("why")),
            "identity_held" => {
                let says = format!("{} is valid in {} s", text("file"), text("seconds"));
                ("identity_held", says)
            }
            "watcher_restarted" => return self.clear("watcher_died"),
            "key_exposed" => (
                "key_exposed",
                format!("{} has mode {}", text("file"), text("mode")),
            ),
            "trust_rejected" => ("trust_rejected", of("file", "reason")),
            "trust_expired" => ("trust_expired", of("file", "root")),
            "names_lost" => ("names_lost", text("names")),
            "accept_failed" => ("accept_failed", text("why")),
            "file_pinned" => ("file_pinned", of("file", "why")),
            "tickets_unavailable" => ("tickets_unavailable", text("why")),
            "listening_stopped" => {
                self.listening
                    .retain(|port| Some(*port) != event.number("port"));
                (
                    "listening_stopped",
                    format!("port {}: {}", text("port"), text("why")),
                )
            }
            "listen_failed" => (
                "listen_failed",
                format!("port {}: {}", text("port"), text("why")),
            ),
            "listening" => {
                self.alarms
                    .retain(|(name, _), _| !name.starts_with("listen"));
                let port = event
                    .number("port")
                    .filter(|port| !self.listening.contains(port));
                self.listening
                    .extend(port.filter(|_| self.listening.len() < MOST));
                return;
            }
            _ => return,
        };
        let alarm = (name, subject(event));
        let since = match self.alarms.get(&alarm) {
            Some(raised) if raised.says == says => raised.since,
            // A log that holds any word as a file must not fill the memory.
            None if !alarm.1.is_empty() && self.alarms.len() >= MOST => return,
            _ => at,
        };
        self.alarms.insert(alarm, Alarm { since, says });
    }
}

/// Of what an alarm is, where a server may have several of a kind: a root, or a file.
fn subject(event: &Event) -> String {
    let several = [
        "key_exposed",
        "trust_rejected",
        "trust_expired",
        "trust_held",
        "trust_moved",
        "drain_refused",
        "file_pinned",
    ];
    let fault = event.text("fault").unwrap_or_default();
    if !several
        .iter()
        .any(|one| [event.name(), fault.as_str()].contains(one))
    {
        return String::new();
    }
    let of = ["file", "root_sha256"].map(|field| event.text(field).unwrap_or_default());
    of.join(" ").trim().to_owned()
}
