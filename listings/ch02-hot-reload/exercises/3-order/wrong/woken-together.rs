//! Two reloads in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

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
    over: Notify,
}

/// A reload is running.
struct Running<'a>(&'a Store);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.reloading.store(false, SeqCst);
        self.0.over.notify_waiters();
    }
}

impl Store {
    /// Serves this certificate as generation 1.
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = ArcSwap::from_pointee(Generation { number, serial });
        let (reloading, over) = (AtomicBool::new(false), Notify::new());
        Self {
            current,
            reloading,
            over,
        }
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Reads the files, and serves what they hold as the next generation.
    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        if self.reloading.load(SeqCst) {
            self.over.notified().await;
        }
        self.reloading.store(true, SeqCst);
        let _running = Running(self);
        let serial = read.await;
        let number = self.current().number + 1;
        self.current.store(Arc::new(Generation { number, serial }));
    }
}
