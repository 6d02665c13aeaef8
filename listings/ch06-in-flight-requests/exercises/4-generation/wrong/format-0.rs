//! The generation of a session.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::server::ProducesTickets;

/// What a ticket with a number begins with.
const MARK: &[u8] = &[0];

/// One handshake under a generation. It stands between rustls and the ticket keys.
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
        // Of a session that is resumed, the number goes on: its client was shown no certificate
        // since. Of one that was opened and is not resumed it goes on as well, which is wrong, and
        // left out here: in the chapter's `shown.rs`, the key tells when a certificate is shown.
        let number = self.opened.lock().unwrap_or(self.number);
        let sealed = [MARK, &number.to_be_bytes(), session].concat();
        self.config.ticketer.encrypt(&sealed)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let sealed = self.config.ticketer.decrypt(ticket)?;
        // A server that sealed no number did not begin with the mark either.
        let (number, session) = sealed.strip_prefix(MARK)?.split_first_chunk()?;
        *self.opened.lock() = Some(u64::from_be_bytes(*number));
        Some(session.to_vec())
    }
}

/// Without the secrets of the session.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake(generation {})", self.number)
    }
}
