//! Two reloads in order.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// One immutable snapshot: what was in the files, and a number.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts up from 1.
    pub number: u64,
    /// The serial number of the certificate in the files.
    pub serial: String,
}

/// Whoever has the only permit reloads.
pub struct Store {
    current: std::sync::RwLock<Arc<Generation>>,
    permit: Semaphore,
}

impl Store {
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = std::sync::RwLock::new(Arc::new(Generation { number, serial }));
        let permit = Semaphore::new(1);
        Self { current, permit }
    }

    pub fn current(&self) -> Arc<Generation> {
        self.current.read().expect("no writer panics").clone()
    }

    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        let Ok(_permit) = self.permit.acquire().await else {
            return;
        };
        let serial = read.await;
        let mut current = self.current.write().expect("no writer panics");
        let number = current.number + 1;
        *current = Arc::new(Generation { number, serial });
    }
}
