//! One handshake, and the session that it resumes.
//!
//! rustls seals a session into a ticket, and does not say where the one that it opens again comes
//! from. So each handshake gets a configuration of its own, which seals the generation in, too, and
//! the end of the session: both are those of the handshake in which a certificate was shown, however
//! often it has been resumed since.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::Generation;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::server::{ProducesTickets, StoresServerSessions};
use x509_parser::parse_x509_certificate;

use crate::shown::Shown;

/// How long a session may be resumed where nothing else is said: seven days, as with BoringSSL and
/// s2n. RFC 9846, section 4.7.1, recommends a limit, and names none.
pub const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The largest session that is sealed, in bytes: as much as a record of TLS holds. The chain of a
/// client is in it, and a rustls client that is given two tickets has 65,535 bytes for both.
pub const LARGEST: usize = 16 << 10;

// ANCHOR: stamp
/// What is sealed into a session beside its secrets.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    /// The generation under which a certificate was shown.
    generation: u64,
    /// From when on it may not be resumed, in seconds since 1970.
    until: u64,
}

impl Stamp {
    /// What rustls seals begins with a 1 or a 0: whether the client sent a name.
    const MARK: [u8; 4] = *b"ZDR1";
    const LENGTH: usize = 20;

    fn before(self, secrets: &[u8]) -> Vec<u8> {
        let (generation, until) = (self.generation.to_be_bytes(), self.until.to_be_bytes());
        [&Self::MARK[..], &generation, &until, secrets].concat()
    }

    fn split(opened: &[u8]) -> Option<(Self, &[u8])> {
        let (stamp, secrets) = opened.split_at_checked(Self::LENGTH)?;
        let numbers = stamp.strip_prefix(&Self::MARK)?;
        let (generation, until) = numbers.split_at_checked(8)?;
        let stamp = Self {
            generation: u64::from_be_bytes(generation.try_into().ok()?),
            until: u64::from_be_bytes(until.try_into().ok()?),
        };
        Some((stamp, secrets))
    }
}
// ANCHOR_END: stamp

/// One handshake under a generation.
pub struct Session {
    under: Arc<Generation>,
    life: Duration,
    /// Whether a session of this generation may be resumed. If so the connection is of that one.
    admit: Box<dyn Fn(u64) -> bool + Send + Sync>,
    resumes: Mutex<Option<Stamp>>,
}

// ANCHOR: session
impl Session {
    /// A handshake under this generation. A session that begins with it may be resumed for as long
    /// as `life`, and never past the end of the certificate that is shown. `admit` is asked before a
    /// session of a generation is resumed.
    pub fn new(
        under: Arc<Generation>,
        life: Duration,
        admit: impl Fn(u64) -> bool + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            under,
            life,
            admit: Box::new(admit),
            resumes: Mutex::default(),
        })
    }

    /// The configuration for this handshake, and no other.
    pub fn config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut config = (*self.under.config).clone();
        config.ticketer = self.clone();
        config.session_storage = self.clone();
        let session = self.clone();
        config.cert_resolver = Arc::new(Shown {
            chosen_by: config.cert_resolver,
            told: Arc::new(move || session.shows()),
        });
        Arc::new(config)
    }

    /// The generation that a connection is of, once its handshake is complete: that of the session
    /// where one was resumed.
    pub fn generation(&self) -> u64 {
        let resumes = *self.resumes.lock();
        resumes.map_or(self.under.number, |stamp| stamp.generation)
    }

    /// A certificate is shown. Where a session was opened and is not resumed after all, the client of
    /// another name for example, the connection and its tickets are of the generation that it is shown.
    fn shows(&self) {
        if self.resumes.lock().take().is_some() {
            (self.admit)(self.under.number);
        }
    }
    // ANCHOR_END: session

    // ANCHOR: seal
    /// Nothing where it is too large: that session is not resumed, and its connection goes on.
    fn seal(&self, secrets: &[u8]) -> Option<Vec<u8>> {
        let resumes = *self.resumes.lock();
        let stamp = resumes.unwrap_or_else(|| Stamp {
            generation: self.under.number,
            until: self.until(),
        });
        let sealed = stamp.before(secrets);
        (sealed.len() <= LARGEST).then_some(sealed)
    }

    fn open(&self, opened: &[u8]) -> Option<Vec<u8>> {
        let (stamp, secrets) = Stamp::split(opened)?;
        if self.now()? >= stamp.until || !(self.admit)(stamp.generation) {
            return None;
        }
        *self.resumes.lock() = Some(stamp);
        Some(secrets.to_vec())
    }
}
// ANCHOR_END: seal

impl Session {
    fn now(&self) -> Option<u64> {
        let now = self.under.config.time_provider.current_time()?;
        Some(now.as_secs())
    }

    /// From when on a session that begins now may not be resumed: the certificate's last second is valid.
    fn until(&self) -> u64 {
        let shown = &self.under.identity.certified.cert;
        let end = shown.first().and_then(not_after).unwrap_or(0);
        let now = self.now().unwrap_or(0);
        now.saturating_add(self.life.as_secs())
            .min(end.saturating_add(1))
    }
}

/// Seconds since 1970.
fn not_after(certificate: &CertificateDer<'_>) -> Option<u64> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    u64::try_from(parsed.validity().not_after.timestamp()).ok()
}

impl ProducesTickets for Session {
    fn enabled(&self) -> bool {
        self.under.config.ticketer.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.under.config.ticketer.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.under.config.ticketer.encrypt(&self.seal(plain)?)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.open(&self.under.config.ticketer.decrypt(cipher)?)
    }
}

impl StoresServerSessions for Session {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let storage = &self.under.config.session_storage;
        let sealed = self.seal(&value);
        sealed.is_some_and(|sealed| storage.put(key, sealed))
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.open(&self.under.config.session_storage.get(key)?)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.open(&self.under.config.session_storage.take(key)?)
    }

    fn can_cache(&self) -> bool {
        self.under.config.session_storage.can_cache()
    }
}

/// Without the secrets of the session.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(generation {})", self.under.number)
    }
}
