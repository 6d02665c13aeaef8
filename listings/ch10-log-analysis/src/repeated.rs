//! Lines that a collector of logs has sent twice: it is not sure whether the first has arrived.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use lab::event::Event;

/// What is said of a line that stood there a moment before, to the letter.
pub const REPEATED: &str = "it repeats a line before it";

/// So many lines before one are compared with it.
const REMEMBERED: usize = 64;

/// The last lines with an event, in few bits.
#[derive(Debug, Default)]
pub(crate) struct Recent(VecDeque<u64>);

impl Recent {
    /// Remembers a line, and says so where it stood there a moment ago. Where times have six digits of a second
    /// or more, no two events are alike.
    pub(crate) fn look(&mut self, text: &str, event: Option<&Event>) -> Option<&'static str> {
        const MICROSECONDS: usize = "2026-01-01T00:00:00.000000Z".len();
        let ts = event.and_then(|event| event.text("ts"));
        if ts.is_none_or(|ts| ts.len() < MICROSECONDS) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        text.trim_end().hash(&mut hasher);
        let line = hasher.finish();
        let repeats = self.0.contains(&line);
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(line);
        repeats.then_some(REPEATED)
    }
}
