//! Merge two logs.

use lab::event::Event;

/// One behind the other.
pub fn merge(first: Vec<Event>, second: Vec<Event>) -> Vec<Event> {
    [first, second].concat()
}
