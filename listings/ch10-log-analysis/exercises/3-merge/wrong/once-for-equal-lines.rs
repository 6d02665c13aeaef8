//! Merge two logs.

use lab::event::Event;

/// A line that stands there already is not written again.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    let mut merged: Vec<Event> = Vec::new();
    loop {
        let next = match (first.peek(), second.peek()) {
            (Some(a), Some(b)) if a.text("ts") <= b.text("ts") => first.next(),
            (Some(_), None) => first.next(),
            _ => second.next(),
        };
        match next {
            Some(event)
                if merged
                    .iter()
                    .any(|there| format!("{there:?}") == format!("{event:?}")) => {}
            Some(event) => merged.push(event),
            None => return merged,
        }
    }
}
