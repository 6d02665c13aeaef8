//! How many connections hold each generation.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tokio::sync::watch;

/// Counts the connections that hold each generation. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<watch::Sender<BTreeMap<u64, Count>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    open: usize,
    cut: usize,
}

/// One connection's hold. Given up when dropped.
#[derive(Debug)]
pub struct Hold {
    held: Held,
    generation: u64,
    /// Set where the server cut the connection at the deadline of a drain.
    pub cut: bool,
}

impl Held {
    /// One connection more.
    pub fn hold(&self, generation: u64) -> Hold {
        self.0
            .send_modify(|counts| counts.entry(generation).or_default().open += 1);
        Hold {
            held: self.clone(),
            generation,
            cut: false,
        }
    }

    /// Connections that are open under these generations, handshakes that are under way included.
    pub fn count(&self, generations: RangeInclusive<u64>) -> usize {
        let counts = self.0.borrow();
        let counts = counts.range(generations);
        counts.map(|(_, count)| count.open).sum()
    }

    /// Waits until no connection holds one of these generations. Forgets them, and returns how
    /// many of their connections were cut.
    pub async fn gone(&self, generations: RangeInclusive<u64>) -> usize {
        let all_gone = |counts: &BTreeMap<u64, Count>| {
            let mut counts = counts.range(generations.clone());
            counts.all(|(_, count)| count.open == 0)
        };
        // The sender is ours, so this ends only when they are gone.
        let _ = self.0.subscribe().wait_for(all_gone).await;
        let mut cut = 0;
        self.0.send_modify(|counts| {
            counts.retain(|generation, count| {
                let drained = generations.contains(generation) && count.open == 0;
                cut += if drained { count.cut } else { 0 };
                !drained
            });
        });
        cut
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.0.send_modify(|counts| {
            let count = counts.entry(self.generation).or_default();
            // An entry is forgotten only when nobody holds it.
            count.open -= 1;
            count.cut += usize::from(self.cut);
        });
    }
}
