//! The generation of a session.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::server::ProducesTickets;

/// Writes the number behind the session, in digits.
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
        let opened = self.opened.lock().filter(|_| resumed);
        opened.unwrap_or(self.number)
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
        let number = self.opened.lock().unwrap_or(self.number);
        let sealed = format!("#generation {number}").into_bytes();
        self.config.ticketer.encrypt(&[session, &sealed].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let sealed = self.config.ticketer.decrypt(ticket)?;
        let at = sealed.iter().rposition(|byte| *byte == b'#')?;
        let number = str::from_utf8(&sealed[at..]).ok()?;
        let number = number.strip_prefix("#generation ")?.parse().ok()?;
        *self.opened.lock() = Some(number);
        Some(sealed[..at].to_vec())
    }
}

/// Without the secrets of the session.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake(generation {})", self.number)
    }
}
