//! Merge two logs.

use lab::event::Event;

/// Deep where logs are long, and right.
pub fn merge(mut first: Vec<Event>, mut second: Vec<Event>) -> Vec<Event> {
    let takes_first = match (first.first(), second.first()) {
        (None, _) => return second,
        (_, None) => return first,
        (Some(a), Some(b)) => a.text("ts") <= b.text("ts"),
    };
    let mut merged = vec![if takes_first {
        first.remove(0)
    } else {
        second.remove(0)
    }];
    merged.extend(merge(first, second));
    merged
}
