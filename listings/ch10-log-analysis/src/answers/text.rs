//! The answers as text, for somebody on call.

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::{Answers, Begun, OfServer, Percentiles};
use crate::format::{ago, ahead, moment, span};
use crate::state::Refused;
use events::line::plain;

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
            server.write_name(self.servers.len() == 1, f)?;
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
        self.write_log(f)
    }
}

impl Answers {
    /// What the answers stand on.
    fn write_log(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = &self.log;
        let (events, broken) = (log.events, log.broken_lines);
        let lines = if broken == 1 { "line" } else { "lines" };
        write!(f, "log: {events} events, {broken} broken {lines}")?;
        match log.first_broken {
            None => {}
            Some((1, line, why)) => write!(f, " (the first is line {line}: {why})")?,
            Some((file, line, why)) => {
                write!(f, " (the first is line {line} of file {file}: {why})")?;
            }
        }
        match log.lost_lines {
            0 => {}
            1 => f.write_str("; 1 line is lost, and what it held is not in these answers")?,
            lost => write!(
                f,
                "; {lost} lines are lost, and what they held is not in these answers"
            )?,
        }
        match log.clock_set_back {
            0 => {}
            1 => f.write_str("; its clock was set back once")?,
            times => write!(
                f,
                "; its clock was set back {times} times, or lines are out of order (`sort` by `ts`)"
            )?,
        }
        writeln!(f)?;
        if events == 0 && broken > 0 {
            let event = r#"{"ts":"2026-11-24T16:57:35.411167591Z","event":"listening","port":443}"#;
            writeln!(f, "no line of it is an event, such as {event}")?;
        }
        Ok(())
    }
}

impl OfServer {
    /// Which server it is: by its process, or by its ports where it is not alone.
    fn write_name(&self, is_alone: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports: Vec<_> = self.ports.iter().map(u64::to_string).collect();
        match (self.process.as_ref(), ports.as_slice()) {
            (Some(process), _) => writeln!(f, "process {process}"),
            (None, _) if is_alone => Ok(()),
            (None, []) => writeln!(f, "server whose port is not in this log"),
            (None, ports) => writeln!(f, "server on port {}", ports.join(", ")),
        }
    }

    fn write(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_serving(now, f)?;
        self.write_reloads(now, f)?;
        self.write_connections(now, f)?;
        self.write_alarms(now, f)
    }

    fn write_serving(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(served) = &self.serving else {
            return writeln!(f, "served now: no load is in this log");
        };
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
        Ok(())
    }

    fn write_reloads(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.reloads.refused.values().sum();
        let reasons = self.reloads.refused.iter();
        let reasons = reasons.map(|(reason, times)| format!("{} {times}", plain(reason)));
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        let loaded = self.reloads.loaded;
        match refused {
            0 => writeln!(f, "reloads: {loaded} loaded, none refused")?,
            _ => writeln!(f, "reloads: {loaded} loaded, {refused} refused ({reasons})")?,
        }
        match &self.reloads.last_refused {
            Some(last) => write_refused(last, now, f),
            None => Ok(()),
        }
    }

    fn write_connections(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = &self.connections;
        let (open, old) = (connections.open, connections.old.len());
        writeln!(
            f,
            "connections: {} opened, {open} of them open, {old} under an old generation",
            connections.opened
        )?;
        for old in connections.old.iter().take(NAMED) {
            let (connection, generation) = (old.connection, old.generation);
            write!(f, "  connection {connection} under generation {generation}")?;
            end_since(old.since, now, f)?;
        }
        if old > NAMED {
            writeln!(f, "  and {} more", old - NAMED)?;
        }
        Ok(())
    }

    fn write_alarms(&self, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.alarms.is_empty() {
            writeln!(f, "alarms: none is raised")?;
        }
        for (name, alarm) in &self.alarms {
            write!(f, "alarm: {name}: {}", plain(&alarm.says))?;
            end_since(alarm.since, now, f)?;
        }
        Ok(())
    }
}

/// Ends a line with the time since when it is so, where that is known.
fn end_since(
    since: Option<OffsetDateTime>,
    now: OffsetDateTime,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match since {
        Some(since) => writeln!(f, ", since {} ({})", moment(since), ago(now - since)),
        None => writeln!(f),
    }
}

fn write_refused(last: &Refused, now: OffsetDateTime, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "  the last one: {}", plain(&last.reason))?;
    if let Some(file) = &last.file {
        write!(f, " in {}", plain(file))?;
    }
    if let Some(at) = last.at {
        write!(f, ", at {} ({})", moment(at), ago(now - at))?;
    }
    match (last.mended_by, last.kept) {
        (Some(by), Some(kept)) if by == kept => {
            writeln!(f, ", mended: the files are again those of generation {by}")?;
        }
        (Some(by), _) => writeln!(f, ", mended by generation {by}")?,
        (None, Some(kept)) => writeln!(f, ", NOT mended: generation {kept} goes on")?,
        (None, None) => writeln!(f, ", NOT mended")?,
    }
    match &last.detail {
        Some(detail) => writeln!(f, "    {}", plain(detail)),
        None => Ok(()),
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three digits are what the histogram knows.
        let ms = |micros: u64| match micros as f64 / 1000.0 {
            ms if ms >= 9_995.0 => span(Duration::seconds((ms / 1000.0).round() as i64)),
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
