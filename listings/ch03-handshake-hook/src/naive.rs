//! The hook as it comes out when it is written in an afternoon.
//!
//! It follows the shape of many Go services: `GetCertificate` stats the file in each handshake,
//! and reads the pair again when the modification time is newer than the one it remembers. It
//! works in the demo. `tests/naive.rs` shows what it does after that.

use std::fmt;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use lab::agent::Files;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

// ANCHOR: naive
/// Stats in the handshake, behind a lock. Do not use.
pub struct StatInHandshake {
    files: Files,
    cached: Mutex<(SystemTime, Arc<CertifiedKey>)>,
}

impl StatInHandshake {
    /// Loads the first pair.
    ///
    /// # Errors
    /// When a file cannot be read or parsed.
    pub fn new(files: Files) -> io::Result<Self> {
        let modified = fs::metadata(&files.certificate)?.modified()?;
        let cached = Mutex::new((modified, load(&files)?));
        Ok(Self { files, cached })
    }

    fn pair(&self) -> io::Result<Arc<CertifiedKey>> {
        let mut cached = self
            .cached
            .lock()
            .map_err(|e| io::Error::other(e.to_string()))?;
        let modified = fs::metadata(&self.files.certificate)?.modified()?;
        if modified > cached.0 {
            *cached = (modified, load(&self.files)?);
        }
        Ok(cached.1.clone())
    }
}

impl ResolvesServerCert for StatInHandshake {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.pair().ok()
    }
}
// ANCHOR_END: naive

// ANCHOR: load
fn load(files: &Files) -> Result<Arc<CertifiedKey>, lab::Error> {
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect)?;
    // Even here: what the parser says may repeat bytes of the key.
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|_| lab::Error::NoKey)?;
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)?;
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}
// ANCHOR_END: load

impl fmt::Debug for StatInHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatInHandshake({})", self.files.certificate.display())
    }
}
