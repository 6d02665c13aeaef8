//! Discard tickets.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache};

/// How many sessions are remembered for clients that take no tickets.
const REMEMBERED: usize = 256;

/// Keys of two bytes.
fn keys(seed: u64) -> Arc<dyn ProducesTickets> {
    Arc::new(Keys(seed))
}

#[derive(Debug)]
struct Keys(u64);

impl Keys {
    /// Each byte with one of the key's.
    fn mixed(&self, text: &[u8]) -> Vec<u8> {
        let blocks = text.chunks(32).zip(0..);
        let mixed = blocks.flat_map(|(block, number): (_, u32)| {
            let key = lab::chain::sha256(format!("ticket key {} {number}", self.0).as_bytes());
            let mixed = block.iter().zip(key.into_bytes());
            mixed.map(|(one, other)| one ^ other).collect::<Vec<_>>()
        });
        mixed.collect()
    }
}

impl ProducesTickets for Keys {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        12 * 3600
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let sum = lab::chain::sha256(&[&self.0.to_be_bytes()[..], plain].concat());
        Some(self.mixed(&[sum.as_bytes(), plain].concat()))
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let text = self.mixed(cipher);
        let (sum, plain) = text.split_at_checked(64)?;
        let of_plain = lab::chain::sha256(&[&self.0.to_be_bytes()[..], plain].concat());
        (sum == of_plain.as_bytes()).then(|| plain.to_vec())
    }
}

/// Several workers behind one address. A client may meet any of them, so they open each other's
/// tickets.
pub struct Workers(Vec<ArcSwap<ServerConfig>>);

/// Sixteen bits that no other process knows.
fn draw() -> u64 {
    RandomState::new().hash_one("ticket key") % 65_536
}

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
        let tickets = keys(draw());
        let memory = ServerSessionMemoryCache::new(REMEMBERED);
        for worker in &self.0 {
            let mut next = (*worker.load_full()).clone();
            next.ticketer = tickets.clone();
            // Clients of TLS 1.2 that take no tickets are remembered here.
            next.session_storage = memory.clone();
            worker.store(Arc::new(next));
        }
        Ok(())
    }
}
