//! Merge two logs.

use lab::event::Event;

/// One log of two. Both are in the order in which they were written. Of two events of the same
/// moment, that of `first` comes first.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    let mut merged = Vec::new();
    // Only the next lines of the two are compared. Within one log, nothing changes places.
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        let earlier = match a.text("ts").map(|t| t[5..].to_owned())
            <= b.text("ts").map(|t| t[5..].to_owned())
        {
            true => &mut first,
            false => &mut second,
        };
        merged.extend(earlier.next());
    }
    merged.extend(first.chain(second));
    merged
}
