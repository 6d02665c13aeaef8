//! Two reloads in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

/// One immutable snapshot: what was in the files, and a number.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts up from 1.
    pub number: u64,
    /// The serial number of the certificate in the files.
    pub serial: String,
}

/// The current generation, and how many reloads have begun.
pub struct Store {
    current: ArcSwap<Generation>,
    begun: AtomicU64,
    // Which reload has published.
    published: Mutex<u64>,
}

impl Store {
    /// Serves this certificate as generation 1.
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = ArcSwap::from_pointee(Generation { number, serial });
        Self {
            current,
            begun: AtomicU64::new(0),
            published: Mutex::new(0),
        }
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// No lock while it reads: a reload gives up when another one has begun since.
    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        let turn = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let serial = read.await;
        let mut published = self.published.lock();
        if turn < self.begun.load(Ordering::SeqCst) {
            return;
        }
        *published = turn;
        let number = self.current().number + 1;
        self.current.store(Arc::new(Generation { number, serial }));
    }
}
