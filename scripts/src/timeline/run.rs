//! What happened in a run, as its events tell it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Error;

/// Milliseconds since the run began.
pub(super) type Ms = f64;

/// One connection, from its opening to its end.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub from: Ms,
    pub to: Ms,
    /// What it was opened under; `None` for a resumed one, whose generation nobody told.
    pub generation: Option<u64>,
    pub bytes: Option<u64>,
    pub end: End,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By the client, or not seen.
    Left,
    /// In the middle, by either side.
    Cut,
    /// The server asked it to leave, and it did.
    Drained,
}

/// From the first that is asked to leave to the last that is gone.
#[derive(Clone, Debug)]
pub(super) struct Drain {
    pub from: Ms,
    pub to: Ms,
    pub generation: u64,
    pub asked: usize,
    pub cut: usize,
}

#[derive(Debug, Default)]
pub(super) struct Run {
    pub length: Ms,
    pub bars: Vec<Bar>,
    /// When a generation was published, its number and its serial number.
    pub rotations: Vec<(Ms, u64, String)>,
    /// When files were written that were loaded only much later, when that was, and their serial number.
    pub late: Vec<(Ms, Ms, String)>,
    /// When files were rejected, and the reason.
    pub rejections: Vec<(Ms, String)>,
    /// When the expiry of what is served was told, and at which level.
    pub alarms: Vec<(Ms, String)>,
    /// When the certificate of a generation ended, where that is within the run, and which.
    pub ends: Vec<(Ms, String)>,
    /// Handshakes that failed, and why.
    pub failed: Vec<(Ms, String)>,
    /// Calls that ended without service, and what the client says of it.
    pub calls: Vec<(Ms, String)>,
    /// From the end of a process to the next that listens.
    pub gaps: Vec<(Ms, Ms)>,
    pub drains: Vec<Drain>,
    /// Calls that were refused.
    pub refused: Vec<Ms>,
    /// Downloads that were cut: the bytes that came, and those that were promised.
    pub severed: Vec<(Ms, u64, u64)>,
    /// Downloads that came whole, and their bytes.
    pub finished: Vec<(Ms, u64)>,
}

impl Run {
    /// Reads a run from its events, in any order.
    ///
    /// # Errors
    /// With the number of a line that is not an event with a time, or when there is none.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let events = events(text)?;
        let start = events.first().ok_or(Error::NothingToDraw("no events"))?.0;
        let mut reader = Reader::default();
        for (at, event) in &events {
            reader.take((*at - start).as_seconds_f64() * 1000.0, event);
        }
        Ok(reader.end())
    }

    /// How many connections ended so.
    pub(super) fn ended(&self, end: End) -> usize {
        self.bars.iter().filter(|bar| bar.end == end).count()
    }

    /// Whether for a visible time after the first connection nobody was connected, and it was no gap.
    pub(super) fn has_hole(&self) -> bool {
        let mut until = self.bars.first().map_or(self.length, |bar| bar.to);
        for bar in &self.bars {
            let gaps = self.gaps.iter();
            let gaps = gaps.filter(|(from, _)| *from < bar.from && until <= *from);
            until = gaps.fold(until, |until, (_, to)| until.max(*to));
            let is_refused = self
                .refused
                .iter()
                .any(|at| (until..=bar.from).contains(at));
            if bar.from - until > self.length * 0.03 && !is_refused {
                return true;
            }
            until = until.max(bar.to);
        }
        false
    }

    /// When files were loaded that had lain there for a quarter of the run. Those that were rejected have a row of
    /// their own.
    fn lateness(&self, (at, serial): &(Ms, String)) -> Option<(Ms, Ms, String)> {
        let mut loads = self.rotations.iter().filter(|(_, _, of)| of == serial);
        let (loaded, ..) = loads.next()?;
        let is_rejected = |(of, _): &(Ms, String)| (at..=loaded).contains(&of);
        let is_late = loaded - at > self.length / 4.0 && !self.rejections.iter().any(is_rejected);
        is_late.then(|| (*at, *loaded, serial.clone()))
    }

    /// Connections of which nobody told the generation.
    pub(super) fn resumed(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| bar.generation.is_none())
    }
}

/// The events with their times, in the order in which they happened: those of several processes
/// are written as they arrive.
fn events(text: &str) -> Result<Vec<(OffsetDateTime, Event)>, Error> {
    let mut events = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let unclear = |error: &dyn fmt::Display| Error::Line(number, error.to_string());
        let event = Event(serde_json::from_str(line).map_err(|error| unclear(&error))?);
        let ts = event.0.get("ts").and_then(Value::as_str);
        let ts = ts.ok_or_else(|| unclear(&"an event without `ts`"))?;
        let at = OffsetDateTime::parse(ts, &Rfc3339).map_err(|error| unclear(&error))?;
        events.push((at, event));
    }
    events.sort_by_key(|(at, _)| *at);
    Ok(events)
}

struct Event(Map<String, Value>);

impl Event {
    fn number(&self, field: &str) -> Option<u64> {
        self.0.get(field).and_then(Value::as_u64)
    }

    /// The number, or 0 where the event has none.
    fn count(&self, field: &str) -> u64 {
        self.number(field).unwrap_or(0)
    }

    /// For how long the certificate that is told of is valid still.
    fn lives(&self) -> Option<Ms> {
        let date = |field| OffsetDateTime::parse(self.0.get(field)?.as_str()?, &Rfc3339).ok();
        Some((date("not_after")? - date("ts")?).as_seconds_f64() * 1000.0)
    }

    fn text(&self, field: &str) -> &str {
        self.0.get(field).and_then(Value::as_str).unwrap_or("?")
    }
}

/// A run that is being read.
#[derive(Default)]
struct Reader {
    run: Run,
    /// By process and number.
    open: BTreeMap<(u64, u64), Bar>,
    /// Since when there is no process.
    nobody_since: Option<Ms>,
    /// When an agent wrote files, and the serial number in them.
    written: Vec<(Ms, String)>,
}

impl Reader {
    fn take(&mut self, at: Ms, event: &Event) {
        let run = &mut self.run;
        run.length = at;
        match event.text("event") {
            "connection_opened" => self.opened(at, event),
            "connection_closed" => self.closed(at, event),
            "process_exited" => self.exited(at, event.count("process")),
            "drain_started" => run.drains.push(Drain {
                from: at,
                to: f64::NAN,
                generation: event.count("generation"),
                asked: event.count("connections") as usize,
                cut: 0,
            }),
            "drain_finished" => self.drained(at, event),
            "listening" => {
                let gap = self.nobody_since.take().map(|from| (from, at));
                run.gaps.extend(gap);
            }
            // The log's own measure: the picture says what the line says.
            "gap_closed" => {
                let measured = event.0.get("gap_ms").and_then(Value::as_f64);
                if let (Some(gap), Some(measured)) = (run.gaps.last_mut(), measured) {
                    *gap = (at - measured, at);
                }
            }
            "identity_loaded" => {
                let (generation, serial) = (event.count("generation"), event.text("serial"));
                run.rotations.push((at, generation, serial.to_owned()));
                if let Some(lives) = event.lives() {
                    run.ends
                        .push((at + lives, format!("generation {generation}")));
                }
            }
            "rotation_started" => self.written.push((at, event.text("serial").to_owned())),
            "identity_rejected" => run.rejections.push((at, event.text("reason").to_owned())),
            "identity_expiring" => run.alarms.push((at, event.text("level").to_owned())),
            "handshake_failed" => run.failed.push((at, event.text("why").to_owned())),
            "probe_failed" => run.calls.push((at, event.text("why").to_owned())),
            "connect_refused" => run.refused.push(at),
            "download_severed" => {
                let (bytes, of) = (event.count("bytes"), event.count("of"));
                run.severed.push((at, bytes, of));
            }
            "download_finished" => run.finished.push((at, event.count("bytes"))),
            _ => {}
        }
    }

    fn opened(&mut self, at: Ms, event: &Event) {
        let bar = Bar {
            from: at,
            to: at,
            generation: event.number("generation"),
            bytes: None,
            end: End::Left,
        };
        self.open.insert(key(event), bar);
    }

    fn closed(&mut self, at: Ms, event: &Event) {
        let Some(bar) = self.open.remove(&key(event)) else {
            return;
        };
        self.run.bars.push(Bar {
            to: at,
            bytes: event.number("bytes"),
            end: match event.text("why") {
                "cut" | "deadline" => End::Cut,
                "drained" | "aged" => End::Drained,
                _ => End::Left,
            },
            ..bar
        });
    }

    /// With a process go all of its connections.
    fn exited(&mut self, at: Ms, process: u64) {
        let gone = self.open.extract_if(.., |(of, _), _| *of == process);
        self.run.bars.extend(gone.map(|(_, bar)| Bar {
            to: at,
            end: End::Cut,
            ..bar
        }));
        self.nobody_since = Some(at);
    }

    fn drained(&mut self, at: Ms, event: &Event) {
        let generation = event.number("generation");
        let begun = self.run.drains.iter_mut();
        for drain in begun.filter(|drain| Some(drain.generation) == generation) {
            drain.to = at;
            drain.cut = event.count("cut") as usize;
        }
    }

    /// What is open still lasts until the end of the run.
    fn end(self) -> Run {
        let Self { mut run, open, .. } = self;
        let end = run.length;
        let late = self.written.iter().filter_map(|of| run.lateness(of));
        run.late = late.collect();
        // One that was replaced in time is no news at its end.
        run.ends.retain(|(at, _)| *at <= end);
        let served = |at: Ms| run.rotations.iter().rfind(|(since, ..)| *since <= at);
        let is_served = |(at, which): &(Ms, String)| {
            served(*at)
                .is_some_and(|(_, generation, _)| *which == format!("generation {generation}"))
        };
        run.ends = run
            .ends
            .iter()
            .filter(|ends| is_served(ends))
            .cloned()
            .collect();
        for drain in run.drains.iter_mut().filter(|drain| drain.to.is_nan()) {
            drain.to = end;
        }
        run.bars
            .extend(open.into_values().map(|bar| Bar { to: end, ..bar }));
        run.bars.sort_by(|a, b| a.from.total_cmp(&b.from));
        run
    }
}

/// A connection's name: numbers are those of its process.
fn key(event: &Event) -> (u64, u64) {
    (event.count("process"), event.count("connection"))
}
