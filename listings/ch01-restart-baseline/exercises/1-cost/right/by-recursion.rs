//! Count the cost of a restart from its log.

use lab::event::Event;

/// What the restarts in one log cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Clients that were refused.
    pub refused: u64,
    /// Downloads that were cut.
    pub severed: u64,
    /// Bytes that were sent for nothing.
    pub wasted_bytes: u64,
}

/// The first line, and the cost of the rest.
pub fn cost(log: &[Event]) -> Cost {
    let [first, rest @ ..] = log else {
        return Cost::default();
    };
    let mut of_all = cost(rest);
    if first.name() == "connect_refused" {
        of_all.refused += 1;
    }
    if first.name() == "download_severed" {
        of_all.severed += 1;
        if let Some(bytes) = first.number("bytes") {
            of_all.wasted_bytes += bytes;
        }
    }
    of_all
}
