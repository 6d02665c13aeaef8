//! Merge two logs.

use lab::event::Event;

pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    let mut logs = [std::collections::VecDeque::from(first), second.into()];
    std::iter::from_fn(|| {
        let next = logs.iter_mut().filter(|log| !log.is_empty());
        next.min_by(|a, b| a[0].text("ts").cmp(&b[0].text("ts")))?
            .pop_front()
    })
    .collect()
}
