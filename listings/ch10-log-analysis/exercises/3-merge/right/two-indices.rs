//! Merge two logs.

use lab::event::Event;

/// Two indices, which go up.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let (mut i, mut j) = (0, 0);
    let mut merged = Vec::with_capacity(first.len() + second.len());
    while i < first.len() || j < second.len() {
        let from_second = match (first.get(i), second.get(j)) {
            (Some(a), Some(b)) => b.text("ts") < a.text("ts"),
            (first, _) => first.is_none(),
        };
        if from_second {
            merged.push(second[j].clone());
            j += 1;
        } else {
            merged.push(first[i].clone());
            i += 1;
        }
    }
    merged
}
