//! Merge two logs.

use lab::event::Event;

/// Slow where logs are long, and right.
pub fn merge(mut first: Vec<Event>, mut second: Vec<Event>) -> Vec<Event> {
    let mut merged = Vec::new();
    while !first.is_empty() && !second.is_empty() {
        let is_second = second[0].text("ts") < first[0].text("ts");
        let earlier = if is_second { &mut second } else { &mut first };
        merged.push(earlier.remove(0));
    }
    merged.append(&mut first);
    merged.append(&mut second);
    merged
}
