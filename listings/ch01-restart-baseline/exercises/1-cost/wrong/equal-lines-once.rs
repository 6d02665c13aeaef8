//! Count the cost of a restart from its log.

use std::collections::HashSet;

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
    let mut cost = Cost::default();
    // The log may have been joined from two files.
    let mut counted = HashSet::new();
    for event in log {
        if !counted.insert(format!("{event:?}")) {
            continue;
        }
        match event.name() {
            "connect_refused" => cost.refused += 1,
            "download_severed" => {
                cost.severed += 1;
                // The client begins again from nothing, so all that it had was in vain.
                cost.wasted_bytes += event.number("bytes").unwrap_or(0);
            }
            // `gap_closed` sums up the refused clients, and would count them twice.
            _ => {}
        }
    }
    cost
}
