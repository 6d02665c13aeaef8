//! The stampede, as a small fleet in virtual time.
//!
//! Every node has a certificate of the same lifetime, issued at the same moment. Each renews at
//! two thirds of that lifetime, and to use the new certificate it restarts. A starting node boots,
//! then fetches its state from an upstream that answers a limited number of callers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The fleet and what it depends on.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    /// How many nodes restart.
    pub nodes: usize,
    /// How long each certificate is valid.
    pub lifetime: Duration,
    /// From the end of the old process until the new one calls the upstream.
    pub boot: Duration,
    /// Callers that the upstream answers at once.
    pub upstream_slots: usize,
    /// How long the upstream takes for one caller.
    pub upstream_answer: Duration,
    /// Each node renews later than the one before by this much. Zero: they were issued together.
    pub apart: Duration,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            nodes: 100,
            lifetime: Duration::from_secs(24 * 3600),
            boot: Duration::from_secs(20),
            upstream_slots: 10,
            upstream_answer: Duration::from_secs(3),
            apart: Duration::ZERO,
        }
    }
}

/// What one renewal of the fleet cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toll {
    /// The most nodes that were down at one time.
    pub most_down: usize,
    /// The most callers that waited for the upstream at one time.
    pub most_waiting: usize,
    /// The longest that one node was down.
    pub longest_down: Duration,
    /// How long no node at all was up.
    pub all_down: Duration,
}

/// A count, and the most it has been.
#[derive(Default)]
struct Level {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Level {
    fn rise(&self) -> usize {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        now
    }

    fn fall(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }
}

// ANCHOR: stampede
/// Lets the fleet renew once, and counts. Runs in virtual time: sixteen hours pass in
/// milliseconds.
///
/// # Panics
/// When the runtime cannot be built.
pub fn renew_by_restart(fleet: Fleet) -> Toll {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime
        .expect("a runtime with nothing but a clock")
        .block_on(renew(fleet))
}

async fn renew(fleet: Fleet) -> Toll {
    let upstream = Arc::new(Semaphore::new(fleet.upstream_slots));
    let (down, waiting) = (Arc::new(Level::default()), Arc::new(Level::default()));
    let mut nodes = JoinSet::new();
    for node in 0..fleet.nodes {
        let (upstream, down, waiting) = (upstream.clone(), down.clone(), waiting.clone());
        nodes.spawn(async move {
            sleep(fleet.lifetime * 2 / 3 + fleet.apart * node as u32).await;
            let stopped = Instant::now();
            let all_down = (down.rise() == fleet.nodes).then_some(stopped);
            sleep(fleet.boot).await;
            let slot = match upstream.try_acquire() {
                Ok(slot) => slot,
                Err(_) => {
                    waiting.rise();
                    let slot = upstream.acquire().await;
                    waiting.fall();
                    slot.expect("the upstream never closes")
                }
            };
            sleep(fleet.upstream_answer).await;
            drop(slot);
            down.fall();
            (all_down, stopped, Instant::now())
        });
    }
    // ANCHOR_END: stampede
    // ANCHOR: toll
    let nodes = nodes.join_all().await;
    let all_down_from = nodes.iter().find_map(|(all_down, ..)| *all_down);
    let first_back = nodes.iter().map(|(.., back)| *back).min();
    Toll {
        most_down: down.most.load(Ordering::Relaxed),
        most_waiting: waiting.most.load(Ordering::Relaxed),
        longest_down: nodes
            .iter()
            .map(|(_, stopped, back)| *back - *stopped)
            .max()
            .unwrap_or_default(),
        all_down: match (all_down_from, first_back) {
            (Some(from), Some(back)) => back - from,
            _ => Duration::ZERO,
        },
    }
}
// ANCHOR_END: toll
