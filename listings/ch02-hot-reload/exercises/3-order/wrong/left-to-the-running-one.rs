//! Two reloads in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

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
    running: Mutex<()>,
    asked: AtomicUsize,
    left: parking_lot::Mutex<Option<(usize, String)>>,
}

impl Store {
    /// Serves this certificate as generation 1.
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = ArcSwap::from_pointee(Generation { number, serial });
        let running = Mutex::new(());
        let (asked, left) = (AtomicUsize::new(0), parking_lot::Mutex::new(None));
        Self {
            current,
            running,
            asked,
            left,
        }
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Reads the files, and serves what they hold as the next generation.
    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        // Before reading: what is read from here on is not older than what was published.
        let Ok(_running) = self.running.try_lock() else {
            let mine = self.asked.fetch_add(1, Ordering::SeqCst);
            let serial = read.await;
            // The running one publishes it when it is done.
            let mut left = self.left.lock();
            if left.as_ref().is_none_or(|(asked, _)| *asked < mine) {
                *left = Some((mine, serial));
            }
            return;
        };
        let serial = read.await;
        let left = self.left.lock().take();
        let serial = left.map_or(serial, |(_, serial)| serial);
        let number = self.current().number + 1;
        self.current.store(Arc::new(Generation { number, serial }));
    }
}
