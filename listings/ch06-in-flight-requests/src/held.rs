//! How many connections hold each generation.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Counts the connections that hold each generation. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<watch::Sender<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    of: BTreeMap<u64, Count>,
    /// The newest generation that has been counted for its drain, with all before it.
    retired: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    open: usize,
    cut: usize,
}

/// One connection's hold. Given up when dropped.
#[derive(Debug)]
pub struct Hold {
    held: Held,
    // Changes under the lock of the counts alone.
    generation: Arc<AtomicU64>,
    /// Set where the server cut the connection at the deadline of a drain.
    pub cut: bool,
}

// ANCHOR: held
impl Held {
    /// One connection more, of the generation that `current` says.
    ///
    /// It is asked and counted in one step. A retirement comes before, and then the current
    /// generation is a newer one; or it comes after, and counts this connection.
    pub fn hold<T>(&self, current: impl FnOnce() -> (u64, T)) -> (Hold, T) {
        let mut taken = None;
        self.0.send_modify(|counts| {
            let (generation, current) = current();
            counts.of.entry(generation).or_default().open += 1;
            taken = Some((generation, current));
        });
        let (generation, current) = taken.expect("it was called");
        let hold = Hold {
            held: self.clone(),
            generation: Arc::new(AtomicU64::new(generation)),
            cut: false,
        };
        (hold, current)
    }

    /// Retires these generations. Returns how many connections are open under them, handshakes that
    /// are under way included: from now on there is no new one.
    pub fn retire(&self, generations: RangeInclusive<u64>) -> usize {
        let mut open = 0;
        self.0.send_modify(|counts| {
            counts.retired = counts.retired.max(*generations.end());
            open = counts.open(generations);
        });
        open
    }
}
// ANCHOR_END: held

// ANCHOR: mover
impl Hold {
    /// What moves this hold to another generation: where a session of it is resumed, the connection
    /// is of that one. Says whether it could: not to a generation that is retired.
    pub fn mover(&self) -> impl Fn(u64) -> bool + Send + Sync + 'static {
        let (held, generation) = (self.held.clone(), self.generation.clone());
        move |next| {
            held.0.send_if_modified(|counts| {
                if next <= counts.retired {
                    return false;
                }
                let before = generation.swap(next, Ordering::Relaxed);
                counts.of.entry(before).or_default().open -= 1;
                counts.of.entry(next).or_default().open += 1;
                true
            })
        }
    }
}
// ANCHOR_END: mover

impl Counts {
    fn open(&self, generations: RangeInclusive<u64>) -> usize {
        let counts = self.of.range(generations);
        counts.map(|(_, count)| count.open).sum()
    }
}

impl Held {
    /// Connections that are open under these generations, handshakes that are under way included.
    pub fn count(&self, generations: RangeInclusive<u64>) -> usize {
        self.0.borrow().open(generations)
    }

    /// Waits until no connection holds one of these generations. Forgets them, and returns how
    /// many of their connections were cut.
    pub async fn gone(&self, generations: RangeInclusive<u64>) -> usize {
        let all_gone = |counts: &Counts| counts.open(generations.clone()) == 0;
        // The sender is ours, so this ends only when they are gone.
        let _ = self.0.subscribe().wait_for(all_gone).await;
        let mut cut = 0;
        self.0.send_modify(|counts| {
            counts.of.retain(|generation, count| {
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
            let generation = self.generation.load(Ordering::Relaxed);
            let count = counts.of.entry(generation).or_default();
            // An entry is forgotten only when nobody holds it.
            count.open -= 1;
            count.cut += usize::from(self.cut);
        });
    }
}
