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

/// Reads a log of chapter 1's demo, and adds up what its restarts cost.
pub fn cost(log: &[Event]) -> Cost {
    log.iter().fold(Cost::default(), |cost, event| {
        match (event.name(), event.number("bytes")) {
            ("connect_refused", _) => Cost {
                refused: cost.refused + 1,
                ..cost
            },
            ("download_severed", bytes) => Cost {
                severed: cost.severed + 1,
                wasted_bytes: cost.wasted_bytes + bytes.unwrap_or_default(),
                ..cost
            },
            _ => cost,
        }
    })
}
