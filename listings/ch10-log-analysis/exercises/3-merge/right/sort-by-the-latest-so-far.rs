//! Merge two logs.

use lab::event::Event;

/// Sorts after all, by a time that no clock sets back: the latest that its log has had so far.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let mut all: Vec<_> = never_back(first).chain(never_back(second)).collect();
    // This sort keeps the order of what is equal.
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.into_iter().map(|(_, event)| event).collect()
}

fn never_back(log: Vec<Event>) -> impl Iterator<Item = (Option<String>, Event)> {
    let mut latest = None;
    log.into_iter().map(move |event| {
        latest = latest.take().max(event.text("ts"));
        (latest.clone(), event)
    })
}
