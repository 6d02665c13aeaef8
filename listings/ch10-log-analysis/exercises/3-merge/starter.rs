//! Merge two logs.
//!
//! This is the starter. It compiles, and its checks fail until `merge` is written.

use lab::event::Event;

/// One log of two. Both are in the order in which they were written. Of two events of the same moment, that of `first`
/// comes first.
///
/// `event.text("ts")` is the time of an event. All times are of one length and in UTC, so they compare as text.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    todo!("this is the starter: write `merge`")
}
