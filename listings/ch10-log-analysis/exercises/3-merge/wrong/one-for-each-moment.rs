//! Merge two logs.

use std::collections::BTreeMap;

use lab::event::Event;

/// A map is in order.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let all = first.into_iter().chain(second);
    let by_time: BTreeMap<_, _> = all.map(|event| (event.text("ts"), event)).collect();
    by_time.into_values().collect()
}
