//! Discard tickets.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ServerSessionMemoryCache;

/// How many sessions are remembered for clients that take no tickets.
const REMEMBERED: usize = 256;

/// Several workers behind one address.
pub struct Workers(Vec<ArcSwap<ServerConfig>>);

impl Workers {
    pub fn new(workers: usize, config: ServerConfig) -> Result<Self, rustls::Error> {
        let workers = Self(
            std::iter::repeat_with(|| ArcSwap::from_pointee(config.clone()))
                .take(workers)
                .collect(),
        );
        workers.discard()?;
        Ok(workers)
    }

    pub fn config(&self, worker: usize) -> Arc<ServerConfig> {
        Arc::clone(&self.0[worker].load())
    }

    pub fn discard(&self) -> Result<(), rustls::Error> {
        let tickets = Ticketer::new()?;
        let memory = ServerSessionMemoryCache::new(REMEMBERED);
        self.0.iter().for_each(|worker| {
            worker.rcu(|now| {
                let mut next = ServerConfig::clone(now);
                next.ticketer = tickets.clone();
                next.session_storage = memory.clone();
                next
            });
        });
        Ok(())
    }
}
