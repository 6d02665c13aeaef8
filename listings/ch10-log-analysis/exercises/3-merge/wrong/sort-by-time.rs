//! Merge two logs.

use lab::event::Event;

/// Sorts by time.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let mut all = [first, second].concat();
    all.sort_by_key(|event| event.text("ts"));
    all
}
