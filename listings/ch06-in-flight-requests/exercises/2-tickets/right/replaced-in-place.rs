//! Discard tickets.

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};

/// How many sessions are remembered for clients that take no tickets.
const REMEMBERED: usize = 256;

/// The ticket keys, and the memory of sessions without a ticket.
type Pair = (Arc<dyn ProducesTickets>, Arc<dyn StoresServerSessions>);

/// What opens sessions. It is replaced where it is, so that even a handshake in progress opens no session of before.
#[derive(Debug)]
struct Keys(RwLock<Pair>);

impl Keys {
    fn fresh() -> Result<Pair, rustls::Error> {
        let memory = ServerSessionMemoryCache::new(REMEMBERED);
        Ok((Ticketer::new()?, memory))
    }
}

impl ProducesTickets for Keys {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.0.read().0.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.0.read().0.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.0.read().0.decrypt(cipher)
    }
}

impl StoresServerSessions for Keys {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.0.read().1.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.read().1.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.read().1.take(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// Several workers with one configuration.
pub struct Workers {
    config: Arc<ServerConfig>,
    keys: Arc<Keys>,
}

impl Workers {
    /// So many workers that serve under `config`.
    ///
    /// # Errors
    /// When the system gives no random bytes for ticket keys.
    pub fn new(_: usize, mut config: ServerConfig) -> Result<Self, rustls::Error> {
        let keys = Arc::new(Keys(RwLock::new(Keys::fresh()?)));
        config.ticketer = keys.clone();
        config.session_storage = keys.clone();
        let config = Arc::new(config);
        Ok(Self { config, keys })
    }

    /// What the next handshake at a worker is made under.
    pub fn config(&self, _: usize) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Discards all sessions.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn discard(&self) -> Result<(), rustls::Error> {
        *self.keys.0.write() = Keys::fresh()?;
        Ok(())
    }
}
