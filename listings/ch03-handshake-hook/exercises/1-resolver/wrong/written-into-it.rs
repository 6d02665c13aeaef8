//! A resolver without input and output.

use std::sync::Arc;

use ch02_hot_reload::identity::{self, Rejected, Source};
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with the pair that is current.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    current: Mutex<Arc<CertifiedKey>>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let current = Mutex::new(identity::read(&source)?.certified);
        Ok(Self { source, current })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let identity = identity::read(&self.source)?;
        let mut current = self.current.lock();
        if let Some(current) = Arc::get_mut(&mut current) {
            *current = Arc::unwrap_or_clone(identity.certified);
        }
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.lock().clone())
    }
}
