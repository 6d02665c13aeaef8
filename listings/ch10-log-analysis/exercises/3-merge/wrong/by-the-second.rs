//! Merge two logs.

use lab::event::Event;

/// Seconds are enough to tell which came first.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let second_of = |event: &Event| event.text("ts").map(|at| at[..19].to_owned());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    let mut merged = Vec::new();
    loop {
        let next = match (first.peek(), second.peek()) {
            (Some(a), Some(b)) if second_of(a) <= second_of(b) => first.next(),
            (Some(_), None) => first.next(),
            _ => second.next(),
        };
        match next {
            Some(event) => merged.push(event),
            None => return merged,
        }
    }
}
