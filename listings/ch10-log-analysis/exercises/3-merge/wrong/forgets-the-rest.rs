//! Merge two logs.

use lab::event::Event;

/// Takes the earlier of the two next lines.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    let mut merged = Vec::new();
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        if a.text("ts") <= b.text("ts") {
            merged.extend(first.next());
        } else {
            merged.extend(second.next());
        }
    }
    merged
}
