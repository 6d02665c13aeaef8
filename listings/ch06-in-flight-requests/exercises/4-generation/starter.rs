//! The generation of a session.
//!
//! This is the starter. It compiles, and its checks fail until `Handshake` is written.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::server::ProducesTickets;

/// One handshake under a generation. It stands between rustls and the ticket keys.
pub struct Handshake {
    number: u64,
    config: Arc<ServerConfig>,
    // What else it needs is yours to choose.
}

impl Handshake {
    /// A handshake under the generation of this number, which has this configuration. The ticket keys in it are those of all
    /// generations, so that clients resume across a renewal.
    pub fn new(number: u64, config: Arc<ServerConfig>) -> Arc<Self> {
        Arc::new(Self { number, config })
    }

    /// The configuration for this handshake and no other.
    pub fn config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut config = (*self.config).clone();
        config.ticketer = self.clone();
        Arc::new(config)
    }

    /// The generation whose certificate the client was shown: when this handshake is complete, `resumed` says whether it resumed
    /// an earlier session.
    pub fn generation(&self, resumed: bool) -> u64 {
        todo!("this is the starter: write `Handshake`")
    }
}

impl ProducesTickets for Handshake {
    fn enabled(&self) -> bool {
        self.config.ticketer.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.config.ticketer.lifetime()
    }

    /// Makes a ticket of a session. rustls calls it at the end of the handshake, also of one that has resumed.
    /// `self.config.ticketer.encrypt(…)` seals any bytes.
    fn encrypt(&self, session: &[u8]) -> Option<Vec<u8>> {
        todo!("this is the starter: write `Handshake`")
    }

    /// Makes a session of a ticket. rustls calls it when the client offers one, and may resume the session then, or not.
    /// `self.config.ticketer.decrypt(…)` gives back what was sealed. With `None` the client makes a full handshake.
    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        todo!("this is the starter: write `Handshake`")
    }
}

/// Without the secrets of the session.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake(generation {})", self.number)
    }
}
