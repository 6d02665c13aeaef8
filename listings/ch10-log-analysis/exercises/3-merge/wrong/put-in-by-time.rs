//! Merge two logs.

use lab::event::Event;

/// Each line of the second log is put before the first one that is later.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let mut merged = first;
    for event in second {
        let later = merged
            .iter()
            .position(|there| there.text("ts") > event.text("ts"));
        merged.insert(later.unwrap_or(merged.len()), event);
    }
    merged
}
