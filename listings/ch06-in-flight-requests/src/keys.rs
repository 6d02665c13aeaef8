//! What opens sessions: the keys of tickets, and the memory of sessions without one.

use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};

/// The keys of some generations in a row. Each rustls configuration that holds them opens the
/// sessions of the others.
#[derive(Debug)]
pub(crate) struct Keys {
    remembered: usize,
    now: RwLock<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    /// None where no keys could be made: clients do full handshakes, and none fails.
    tickets: Option<Arc<dyn ProducesTickets>>,
    memory: Arc<dyn StoresServerSessions>,
}

impl Pair {
    fn new(remembered: usize) -> Self {
        let tickets = Ticketer::new().inspect_err(|error| {
            tracing::warn!(event = "tickets_unavailable", why = %error);
        });
        Self {
            tickets: tickets.ok(),
            memory: ServerSessionMemoryCache::new(remembered),
        }
    }
}

impl Keys {
    fn pair(&self) -> Pair {
        self.now.read().clone()
    }
}

impl ProducesTickets for Keys {
    fn enabled(&self) -> bool {
        self.now.read().tickets.is_some()
    }

    fn lifetime(&self) -> u32 {
        self.pair().tickets.map_or(0, |keys| keys.lifetime())
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.pair().tickets?.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.pair().tickets?.decrypt(cipher)
    }
}

impl StoresServerSessions for Keys {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.pair().memory.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.pair().memory.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.pair().memory.take(key)
    }

    fn can_cache(&self) -> bool {
        self.pair().memory.can_cache()
    }
}

/// All keys that are in use, wherever their configurations are by now. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keyring(Arc<Mutex<Vec<Weak<Keys>>>>);

impl Keyring {
    /// New keys, and room for so many sessions without a ticket.
    pub(crate) fn make(&self, remembered: usize) -> Arc<Keys> {
        let keys = Arc::new(Keys {
            remembered,
            now: RwLock::new(Pair::new(remembered)),
        });
        let mut all = self.0.lock();
        all.retain(|keys| keys.strong_count() > 0);
        all.push(Arc::downgrade(&keys));
        keys
    }

    // ANCHOR: discard
    /// Replaces them all where they are. A handshake that is under way finds the new ones, too.
    pub(crate) fn discard(&self) {
        for keys in self.0.lock().iter().filter_map(Weak::upgrade) {
            *keys.now.write() = Pair::new(keys.remembered);
        }
    }
    // ANCHOR_END: discard
}
