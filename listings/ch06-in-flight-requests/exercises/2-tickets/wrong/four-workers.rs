//! Discard tickets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ServerSessionMemoryCache;

/// How many sessions are remembered for clients that take no tickets.
const REMEMBERED: usize = 256;

/// Several workers behind one address. A client may meet any of them, so they open each other's
/// tickets.
pub struct Workers(Vec<ArcSwap<ServerConfig>>);

impl Workers {
    /// So many workers that serve under `config`.
    ///
    /// # Errors
    /// When the system gives no random bytes for ticket keys.
    pub fn new(workers: usize, mut config: ServerConfig) -> Result<Self, rustls::Error> {
        config.ticketer = Ticketer::new()?;
        config.session_storage = ServerSessionMemoryCache::new(REMEMBERED);
        let config = Arc::new(config);
        let worker = |_| ArcSwap::new(config.clone());
        Ok(Self((0..workers).map(worker).collect()))
    }

    /// What the next handshake at this worker is made under.
    pub fn config(&self, worker: usize) -> Arc<ServerConfig> {
        self.0[worker].load_full()
    }

    /// Discards all sessions: the ticket keys have leaked, say. From now on no worker resumes a
    /// session of before. All else, resumption among it, goes on.
    ///
    /// # Errors
    /// When the system gives no random bytes. Then nothing is changed.
    pub fn discard(&self) -> Result<(), rustls::Error> {
        // One pair for all workers: a client may meet another one next time.
        let tickets = Ticketer::new()?;
        let memory = ServerSessionMemoryCache::new(REMEMBERED);
        for worker in self.0.iter().take(4) {
            let mut next = (*worker.load_full()).clone();
            next.ticketer = tickets.clone();
            // Clients of TLS 1.2 that take no tickets are remembered here.
            next.session_storage = memory.clone();
            worker.store(Arc::new(next));
        }
        Ok(())
    }
}
