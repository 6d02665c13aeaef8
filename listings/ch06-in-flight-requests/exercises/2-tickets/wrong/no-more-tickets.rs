//! Discard tickets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache};

/// How many sessions are remembered for clients that take no tickets.
const REMEMBERED: usize = 256;

/// Several workers behind one address. A client may meet any of them, so they open each other's tickets.
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

    /// Gives out no tickets any more.
    pub fn discard(&self) -> Result<(), rustls::Error> {
        for worker in &self.0 {
            let mut next = (*worker.load_full()).clone();
            next.send_tls13_tickets = 0;
            next.ticketer = Ticketer::new()?;
            next.session_storage = Arc::new(NoServerSessionStorage {});
            worker.store(Arc::new(next));
        }
        Ok(())
    }
}
