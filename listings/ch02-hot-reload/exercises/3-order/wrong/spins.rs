//! Two reloads in order.

use std::sync::Arc;

use arc_swap::ArcSwap;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::yield_now;

/// One immutable snapshot: what was in the files, and a number.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts up from 1.
    pub number: u64,
    /// The serial number of the certificate in the files.
    pub serial: String,
}

/// The current generation, and the one way to replace it.
pub struct Store {
    current: ArcSwap<Generation>,
    // One reload at a time. Connections do not take it.
    reloading: AtomicBool,
}

impl Store {
    /// Serves this certificate as generation 1.
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = ArcSwap::from_pointee(Generation { number, serial });
        let reloading = AtomicBool::new(false);
        Self { current, reloading }
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Reads the files, and serves what they hold as the next generation.
    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        // Before reading: what is read from here on is not older than what was published.
        while self.reloading.swap(true, Ordering::AcqRel) {
            yield_now().await;
        }
        let _turn = Turn(&self.reloading);
        let serial = read.await;
        let number = self.current().number + 1;
        self.current.store(Arc::new(Generation { number, serial }));
    }
}

/// It is given back also where the reload is dropped.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
