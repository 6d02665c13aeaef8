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

/// Takes a file that is sent again for a file that was lost whole.
pub fn cost(log: &[Event]) -> Cost {
    let mut cost = Cost::default();
    for event in log {
        match event.name() {
            "connect_refused" => cost.refused += 1,
            "download_severed" => {
                cost.severed += 1;
                cost.wasted_bytes += event.number("of").unwrap_or(0);
            }
            _ => {}
        }
    }
    cost
}
