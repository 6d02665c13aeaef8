//! Discard tickets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache};

/// How many sessions are remembered for clients that take no tickets.
const REMEMBERED: usize = 256;

/// Several workers behind one address. A client may meet any of them, so they open each other's
/// tickets.
pub struct Workers {
    workers: Vec<ArcSwap<ServerConfig>>,
    // Those in use, and those for the next time.
    tickets: [Arc<dyn ProducesTickets>; 2],
    discarded: AtomicUsize,
}

impl Workers {
    /// So many workers that serve under `config`.
    ///
    /// # Errors
    /// When the system gives no random bytes for ticket keys.
    pub fn new(workers: usize, mut config: ServerConfig) -> Result<Self, rustls::Error> {
        let tickets = [Ticketer::new()?, Ticketer::new()?];
        config.ticketer = tickets[0].clone();
        config.session_storage = ServerSessionMemoryCache::new(REMEMBERED);
        let config = Arc::new(config);
        let worker = |_| ArcSwap::new(config.clone());
        Ok(Self {
            workers: (0..workers).map(worker).collect(),
            tickets,
            discarded: AtomicUsize::new(0),
        })
    }

    /// What the next handshake at this worker is made under.
    pub fn config(&self, worker: usize) -> Arc<ServerConfig> {
        self.workers[worker].load_full()
    }

    /// Discards all sessions: the ticket keys have leaked, say. From now on no worker resumes a
    /// session of before. All else, resumption among it, goes on.
    ///
    /// # Errors
    /// When the system gives no random bytes. Then nothing is changed.
    pub fn discard(&self) -> Result<(), rustls::Error> {
        // One pair for all workers: a client may meet another one next time.
        let discarded = self.discarded.fetch_add(1, Ordering::Relaxed) + 1;
        let tickets = &self.tickets[discarded % 2];
        let memory = ServerSessionMemoryCache::new(REMEMBERED);
        for worker in &self.workers {
            let mut next = (*worker.load_full()).clone();
            next.ticketer = tickets.clone();
            // Clients of TLS 1.2 that take no tickets are remembered here.
            next.session_storage = memory.clone();
            worker.store(Arc::new(next));
        }
        Ok(())
    }
}
