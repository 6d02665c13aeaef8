//! Merge two logs.

use lab::event::Event;

pub fn merge(mut first: Vec<Event>, mut second: Vec<Event>) -> Vec<Event> {
    first.reverse();
    second.reverse();
    let mut merged = Vec::new();
    while let (Some(a), Some(b)) = (first.last(), second.last()) {
        let next = if b.text("ts") < a.text("ts") {
            second.pop()
        } else {
            first.pop()
        };
        merged.extend(next);
    }
    merged.extend(first.into_iter().rev());
    merged.extend(second.into_iter().rev());
    merged
}
