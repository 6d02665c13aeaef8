//! Count the cost of a restart from its log.
//!
//! This is the starter. It compiles, and its checks fail until `cost` is written.

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
///
/// `event.name()` is the name of an event. `event.number("bytes")` is the number in its field
/// `bytes`, and `None` where it has no such field: a line whose download was cut counts as one all the
/// same, and adds no bytes.
pub fn cost(log: &[Event]) -> Cost {
    todo!("this is the starter: write `cost`")
}
