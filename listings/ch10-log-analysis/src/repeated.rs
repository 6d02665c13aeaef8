//! Events that a collector of logs has sent twice: it is not sure whether the first has arrived.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};

use lab::event::Event;

/// What is said of an event that stood there before, with the same time and the same fields.
pub const REPEATED: &str = "it repeats a line before it";

/// So many events before one are compared with it: a collector sends a batch again, and a copy of a file may begin where
/// another ends.
const REMEMBERED: usize = 8192;

/// The last events, in few bits.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl Recent {
    /// Remembers an event, and says so where it stood there before, whatever a collector has written around it then
    /// and now. Where times have six digits of a second or more, no two events are alike.
    pub(crate) fn look(&mut self, event: Option<&Event>) -> Option<&'static str> {
        let event = event?;
        if !is_fine(event.0.get("ts")?.as_str()?) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        event.0.hash(&mut hasher);
        let event = hasher.finish();
        if !self.known.insert(event) {
            return Some(REPEATED);
        }
        self.order.push_back(event);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        None
    }
}

/// Whether a time has six digits of a second or more. Its length does not tell: a zone may stand behind them.
fn is_fine(ts: &str) -> bool {
    const MICROSECONDS: usize = 6;
    let behind = ts.split_once('.').map_or("", |(_, behind)| behind);
    let digits = behind.bytes().take_while(u8::is_ascii_digit);
    digits.count() >= MICROSECONDS
}
