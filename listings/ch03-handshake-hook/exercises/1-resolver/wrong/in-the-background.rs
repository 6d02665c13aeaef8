//! A resolver without input and output.

use std::sync::Arc;
use std::thread;

use arc_swap::ArcSwap;
use ch02_hot_reload::identity::{self, Rejected, Source};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with the pair that is current.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    current: Arc<ArcSwap<CertifiedKey>>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let current = Arc::new(ArcSwap::from(identity::read(&source)?.certified));
        Ok(Self { source, current })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let identity = identity::read(&self.source)?;
        let current = self.current.clone();
        // Never waits.
        thread::spawn(move || current.store(identity.certified));
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}
