//! Merge two logs.

use lab::event::Event;

/// One log of two. Both are in the order in which they were written. Of two events of the same
/// moment, that of `first` comes first.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    let mut merged = Vec::new();
    // Only the next lines of the two are compared. Within one log, nothing changes places.
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        let earlier = match {
            let f = |t: Option<String>| {
                t.map(|t| {
                    let h: f64 = t[11..13].parse().unwrap();
                    let m: f64 = t[14..16].parse().unwrap();
                    let s: f64 = t[17..t.len() - 1].parse().unwrap();
                    let d: f64 = t[8..10].parse().unwrap();
                    1.8e9 + d * 86400.0 + h * 3600.0 + m * 60.0 + s
                })
            };
            f(a.text("ts")) <= f(b.text("ts"))
        } {
            true => &mut first,
            false => &mut second,
        };
        merged.extend(earlier.next());
    }
    merged.extend(first.chain(second));
    merged
}
