//! How long it takes from the agent's first write to a client.

use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;
use lab::event::Event;
use time::OffsetDateTime;

/// As many of a kind as are kept where no sane log has as many.
pub(super) const MOST: usize = 100;

/// What it serves, by its own word.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub generation: u64,
    pub serial: String,
    pub since: Option<OffsetDateTime>,
    pub until: Option<OffsetDateTime>,
    /// When the agent began to write it, if that is in the log.
    pub started: Option<OffsetDateTime>,
    /// A full handshake with this generation is in the log, be it by the server's word.
    pub used: bool,
    /// A client says in this log that it was shown it.
    pub seen_by_client: bool,
}

/// How long one kind of thing took, in microseconds.
#[derive(Debug)]
pub(crate) struct Took {
    /// To three digits, however long it takes.
    pub all: Histogram<u64>,
    /// Exactly.
    pub longest: u64,
}

impl Default for Took {
    fn default() -> Self {
        Self {
            all: Histogram::new(3).expect("three digits are allowed"),
            longest: 0,
        }
    }
}

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub file_to_load: Took,
    pub load_to_wire: Took,
    pub file_to_wire: Took,
    /// Generations that were replaced, and then forgotten, without a client's full handshake.
    pub unused: u64,
    /// Pairs that the clock puts in the wrong order.
    pub unmeasured: u64,
    /// The last rotation, if it has not been loaded.
    pub begun: Option<(String, OffsetDateTime)>,
    /// Rotations whose generation has not been loaded, and when they began; the oldest first.
    started: VecDeque<(String, OffsetDateTime)>,
    /// Generations whose rotation has not been told of.
    loaded: VecDeque<(String, OffsetDateTime)>,
}

impl Times {
    /// An agent begins a rotation.
    pub fn started(&mut self, event: &Event, at: Option<OffsetDateTime>) {
        let (Some(serial), Some(at)) = (event.text("serial"), at) else {
            return;
        };
        // The agent's line may come after the server's.
        match taken(&mut self.loaded, &serial) {
            Some(loaded) => self.took(|times| &mut times.file_to_load, at, loaded),
            None => {
                self.begun = Some((serial.clone(), at));
                keep(&mut self.started, serial, at);
            }
        }
    }

    /// A server has loaded a generation.
    pub fn loaded(&mut self, serving: &mut Serving) {
        let Some(at) = serving.since else {
            return;
        };
        if self
            .begun
            .as_ref()
            .is_some_and(|(begun, _)| *begun == serving.serial)
        {
            self.begun = None;
        }
        serving.started = taken(&mut self.started, &serving.serial);
        match serving.started {
            Some(started) => self.took(|times| &mut times.file_to_load, started, at),
            None => keep(&mut self.loaded, serving.serial.clone(), at),
        }
    }

    /// A full handshake was made with a generation; the first counts.
    pub fn used(&mut self, serving: &mut Serving, at: Option<OffsetDateTime>) {
        if std::mem::replace(&mut serving.used, true) {
            return;
        }
        let (Some(loaded), Some(at)) = (serving.since, at) else {
            return;
        };
        self.took(|times| &mut times.load_to_wire, loaded, at);
        if let Some(started) = serving.started {
            self.took(|times| &mut times.file_to_wire, started, at);
        }
    }

    fn took(
        &mut self,
        what: impl FnOnce(&mut Self) -> &mut Took,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) {
        match Duration::try_from(to - from) {
            Ok(took) => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                let times = what(self);
                times.longest = times.longest.max(micros);
                // It grows to hold any number.
                let _ = times.all.record(micros);
            }
            Err(_) => self.unmeasured += 1,
        }
    }
}

fn keep(pending: &mut VecDeque<(String, OffsetDateTime)>, serial: String, at: OffsetDateTime) {
    if pending.len() == MOST {
        pending.pop_front();
    }
    pending.push_back((serial, at));
}

fn taken(pending: &mut VecDeque<(String, OffsetDateTime)>, serial: &str) -> Option<OffsetDateTime> {
    let at = pending.iter().rposition(|(kept, _)| kept == serial)?;
    pending.remove(at).map(|(_, at)| at)
}
