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
    fn new(remembered: usize, tickets: Option<Arc<dyn ProducesTickets>>) -> Self {
        Self {
            tickets,
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

/// Makes keys for tickets, or says why there are none.
type Make = fn() -> Result<Arc<dyn ProducesTickets>, rustls::Error>;

/// All keys that are in use, wherever their configurations are by now. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Keyring(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    all: Vec<Weak<Keys>>,
    make: Make,
    /// Whether the last keys could not be made, which was logged.
    unavailable: bool,
}

impl Default for Keyring {
    fn default() -> Self {
        Self::made_by(Ticketer::new)
    }
}

impl Ring {
    /// New keys for tickets. That there are none is logged each time, and that there are some again as well: an
    /// alarm must be able to end.
    fn tickets(&mut self) -> Option<Arc<dyn ProducesTickets>> {
        let made = (self.make)();
        match &made {
            Err(error) => tracing::warn!(event = "tickets_unavailable", why = %error),
            Ok(_) if self.unavailable => {
                tracing::info!(event = "fault_ended", fault = "tickets_unavailable");
            }
            Ok(_) => {}
        }
        self.unavailable = made.is_err();
        made.ok()
    }
}

impl Keyring {
    fn made_by(make: Make) -> Self {
        Self(Arc::new(Mutex::new(Ring {
            all: Vec::new(),
            make,
            unavailable: false,
        })))
    }

    /// New keys, and room for so many sessions without a ticket.
    pub(crate) fn make(&self, remembered: usize) -> Arc<Keys> {
        let mut ring = self.0.lock();
        let tickets = ring.tickets();
        let keys = Arc::new(Keys {
            remembered,
            now: RwLock::new(Pair::new(remembered, tickets)),
        });
        ring.all.retain(|keys| keys.strong_count() > 0);
        ring.all.push(Arc::downgrade(&keys));
        keys
    }

    // ANCHOR: discard
    /// Replaces them all where they are. A handshake that is under way finds the new ones, too.
    pub(crate) fn discard(&self) {
        let mut ring = self.0.lock();
        // The newest come last, and what is said of them holds for the clients to come.
        let in_use: Vec<_> = ring.all.iter().filter_map(Weak::upgrade).collect();
        for keys in in_use {
            *keys.now.write() = Pair::new(keys.remembered, ring.tickets());
        }
    }
    // ANCHOR_END: discard
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use lab::log::want;

    use super::*;

    static BROKEN: AtomicBool = AtomicBool::new(true);

    /// As a provider whose random numbers fail for a while.
    fn at_times() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
        match BROKEN.load(Ordering::Relaxed) {
            true => Err(rustls::Error::FailedToGetRandomBytes),
            false => Ticketer::new(),
        }
    }

    /// That there are no tickets is a state: it begins, and it ends with the next keys that can be made.
    #[test]
    fn tickets_that_can_be_given_again_end_what_was_said() {
        let (log, _capturing) = lab::emit::capture();
        let ring = Keyring::made_by(at_times);
        let keys = ring.make(1);
        assert!(!keys.enabled());
        ring.discard();
        let began = want("tickets_unavailable");
        let over = want("fault_ended").with("fault", "tickets_unavailable");
        assert_eq!(log.all(&began).len(), 2);
        log.assert_none(&over);
        BROKEN.store(false, Ordering::Relaxed);
        ring.discard();
        assert!(keys.enabled());
        ring.discard();
        let _more = ring.make(1);
        assert_eq!(log.all(&over).len(), 1, "{:#?}", log.events());
        log.assert_order(&[began, over]);
    }
}
