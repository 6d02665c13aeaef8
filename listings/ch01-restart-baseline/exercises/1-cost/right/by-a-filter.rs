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
    let named = |name| log.iter().filter(move |event| event.name() == name);
    Cost {
        refused: named("connect_refused").count() as _,
        severed: named("download_severed").count() as _,
        wasted_bytes: named("download_severed")
            .filter_map(|event| event.number("bytes"))
            .sum(),
    }
}
