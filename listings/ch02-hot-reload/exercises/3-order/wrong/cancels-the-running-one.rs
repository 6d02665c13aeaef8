//! Two reloads in order.

use std::sync::Arc;

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
    newer: Notify,
}

impl Store {
    /// Serves this certificate as generation 1.
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = ArcSwap::from_pointee(Generation { number, serial });
        let newer = Notify::new();
        Self { current, newer }
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Reads the files, and serves what they hold as the next generation.
    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        // Before reading: what is read from here on is not older than what was published.
        // What the running one reads is old: this one reads anew.
        self.newer.notify_waiters();
        let serial = tokio::select! {
            serial = read => serial,
            () = self.newer.notified() => return,
        };
        let number = self.current().number + 1;
        self.current.store(Arc::new(Generation { number, serial }));
    }
}
