//! Whose event is it? One file may hold the events of several servers.

use std::collections::{BTreeMap, BTreeSet};

use lab::event::Event;

/// Tells the servers of a log apart.
///
/// A server that says its `process` is that process. Of one that does not, a generation that is no
/// higher than the one before gives away that another server writes, or the same one after a
/// restart. If it listens on the same port, the one before is over; if not, both may live.
#[derive(Debug, Default)]
pub struct Servers {
    known: BTreeMap<Id, Known>,
    /// The newest without a label.
    unlabelled: u64,
    /// Whether that one has loaded anything.
    begun: bool,
}

/// A server of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    /// One without a `process`: the how many-th that began, from 0.
    Unlabelled(u64),
    /// The one that says so.
    Process(u64),
}

#[derive(Debug, Default)]
struct Known {
    generation: u64,
    ports: BTreeSet<u64>,
}

/// What an event says of the servers, before it says anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The server that it is from.
    pub server: Id,
    /// A server that is proven to be gone by it.
    pub over: Option<Id>,
    /// Whether it can be of no other server: it says so, or there is one without a label only.
    pub certain: bool,
}

impl Servers {
    /// Whose `event` is.
    pub fn of(&mut self, event: &Event) -> Whose {
        let labelled = event.number("process").map(Id::Process);
        let server = match event.name() {
            "identity_loaded" if labelled.is_none() => self.claims(event),
            _ => labelled.unwrap_or(Id::Unlabelled(self.unlabelled)),
        };
        let over = match (event.name(), labelled) {
            ("process_exited", _) => Some(server),
            ("listening", None) => event.number("port").and_then(|port| self.listens(port)),
            _ => None,
        };
        if let Some(over) = over {
            self.known.remove(&over);
        }
        let unlabelled = |id: &&Id| matches!(id, Id::Unlabelled(_));
        let certain = labelled.is_some() || self.known.keys().filter(unlabelled).count() < 2;
        Whose {
            server,
            over,
            certain,
        }
    }

    /// The server without a label that loads this generation.
    fn claims(&mut self, event: &Event) -> Id {
        let generation = event.number("generation").unwrap_or(0);
        let unlabelled = self.known.iter_mut().rev();
        let mut unlabelled = unlabelled.filter(|(id, _)| matches!(id, Id::Unlabelled(_)));
        // The one that waits for this very number; or the newest, if some of its lines are lost.
        let newest = self.unlabelled;
        let next = unlabelled.find_map(|(id, known)| {
            let gap = *id == Id::Unlabelled(newest) && generation > known.generation;
            (known.generation.checked_add(1) == Some(generation) || gap).then_some((*id, known))
        });
        match next {
            Some((id, known)) => {
                known.generation = generation;
                id
            }
            None => {
                // What came before the first load, a complaint about its files say, was its own.
                self.unlabelled += u64::from(self.begun);
                self.begun = true;
                let known = Known {
                    generation,
                    ..Known::default()
                };
                let id = Id::Unlabelled(self.unlabelled);
                self.known.insert(id, known);
                id
            }
        }
    }

    /// The newest listens. Who listened there before is gone.
    fn listens(&mut self, port: u64) -> Option<Id> {
        let newest = Id::Unlabelled(self.unlabelled);
        let before = self
            .known
            .iter()
            .find_map(|(id, known)| (*id != newest && known.ports.contains(&port)).then_some(*id));
        if let Some(known) = self.known.get_mut(&newest) {
            known.ports.insert(port);
        }
        before
    }
}
