//! What two reloads meet at: files whose reads can be held up, and wakers that say when a reload is woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::task::Wake;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The files: the serial in them, and which serials have been read.
#[derive(Clone, Debug)]
pub struct Files(Arc<Mutex<(String, Vec<String>)>>);

impl Files {
    /// They hold this.
    pub fn with(serial: &str) -> Self {
        Self(Arc::new(Mutex::new((serial.to_owned(), Vec::new()))))
    }

    /// Another serial is written into them.
    pub fn write(&self, serial: &str) {
        self.0.lock().0 = serial.to_owned();
    }

    /// Whether a reload has read this.
    pub fn were_read(&self, serial: &str) -> bool {
        self.0.lock().1.iter().any(|read| read == serial)
    }

    /// All that was read, in order.
    pub fn all_read(&self) -> Vec<String> {
        self.0.lock().1.clone()
    }

    /// Reads at once, and returns what it read when `slow` is told to go on.
    ///
    /// # Panics
    /// When the sender of `slow` is dropped.
    pub async fn read(self, slow: Option<oneshot::Receiver<()>>) -> String {
        let serial = {
            let mut files = self.0.lock();
            let serial = files.0.clone();
            files.1.push(serial.clone());
            serial
        };
        if let Some(slow) = slow {
            slow.await
                .expect("the read that is held up is told to go on");
        }
        serial
    }
}

/// Counts how often a reload was woken up.
#[derive(Debug, Default)]
pub struct Woken(AtomicUsize);

impl Woken {
    /// So often until now.
    pub fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Tells another thread that it was woken, and waits until that has gone as far as it can.
#[derive(Debug)]
pub struct AtOnce(SyncSender<()>, Mutex<Receiver<()>>);

impl AtOnce {
    /// Tells it by `woken`, and is told by `runs` that it has gone on.
    pub fn new(woken: SyncSender<()>, runs: Receiver<()>) -> Self {
        Self(woken, Mutex::new(runs))
    }
}

impl Wake for AtOnce {
    fn wake(self: Arc<Self>) {
        if self.0.try_send(()).is_ok() {
            // One that waits for what this thread holds goes on later.
            let _ = self.1.lock().recv_timeout(Duration::from_secs(2));
        }
    }
}
