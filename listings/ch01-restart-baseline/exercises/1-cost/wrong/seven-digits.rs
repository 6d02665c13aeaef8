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
    let mut cost = Cost::default();
    for event in log {
        match event.name() {
            "connect_refused" => cost.refused += 1,
            "download_severed" => {
                cost.severed += 1;
                // The client begins again from nothing, so all that it had was in vain.
                cost.wasted_bytes =
                    (cost.wasted_bytes as f32 + event.number("bytes").unwrap_or(0) as f32) as u64;
            }
            // `gap_closed` sums up the refused clients, and would count them twice.
            _ => {}
        }
    }
    cost
}
