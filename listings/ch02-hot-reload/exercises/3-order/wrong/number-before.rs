//! Two reloads in order.

use std::sync::Arc;

use arc_swap::ArcSwap;

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
}

impl Store {
    /// Serves this certificate as generation 1.
    pub fn new(serial: &str) -> Self {
        let (number, serial) = (1, serial.to_owned());
        let current = ArcSwap::from_pointee(Generation { number, serial });
        Self { current }
    }

    /// The generation that a new connection is to be served under.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Reads the files, and serves what they hold as the next generation.
    ///
    /// `read` reads them when it is awaited, and may be slow. Another reload may run at the same time.
    pub async fn reload(&self, read: impl Future<Output = String> + Send) {
        let number = self.current.load().number + 1;
        let serial = read.await;
        if self.current.load().number >= number {
            return;
        }
        self.current.store(Arc::new(Generation { number, serial }));
    }
}
