//! Two reloads in order.

use std::sync::Arc;

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

/// The lock of the reloads holds what they alone need: the number that comes next.
pub struct Store {
    current: ArcSwap<Generation>,
    next: Mutex<u64>,
}

impl Store {
    pub fn new(serial: &str) -> Self {
        let serial = serial.to_owned();
        let current = ArcSwap::from_pointee(Generation { number: 1, serial });
        let next = Mutex::new(2);
        Self { current, next }
    }

    pub fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.load())
    }

    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        let mut next = self.next.lock().await;
        let serial = read.await;
        let number = *next;
        *next += 1;
        self.current.swap(Arc::new(Generation { number, serial }));
    }
}
