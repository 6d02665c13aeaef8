//! The generation of a session.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::server::ProducesTickets;

/// The connection is of the generation under which its handshake was made.
pub struct Handshake {
    number: u64,
    config: Arc<ServerConfig>,
    opened: Mutex<Option<u64>>,
}

impl Handshake {
    /// A handshake under the generation of this number.
    pub fn new(number: u64, config: Arc<ServerConfig>) -> Arc<Self> {
        let opened = Mutex::default();
        Arc::new(Self {
            number,
            config,
            opened,
        })
    }

    /// The configuration for this handshake and no other.
    pub fn config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut config = (*self.config).clone();
        config.ticketer = self.clone();
        Arc::new(config)
    }

    /// The generation whose certificate the client was shown.
    pub fn generation(&self, resumed: bool) -> u64 {
        self.number
    }
}

impl ProducesTickets for Handshake {
    fn enabled(&self) -> bool {
        self.config.ticketer.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.config.ticketer.lifetime()
    }

    fn encrypt(&self, session: &[u8]) -> Option<Vec<u8>> {
        self.config.ticketer.encrypt(session)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.config.ticketer.decrypt(ticket)
    }
}

/// Without the secrets of the session.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake(generation {})", self.number)
    }
}
