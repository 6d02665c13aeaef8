//! A resolver without input and output.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ch02_hot_reload::identity::{self, Rejected, Source};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with the pair that is current.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    current: ArcSwap<CertifiedKey>,
    looked: std::sync::Mutex<std::time::Instant>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let current = ArcSwap::from(identity::read(&source)?.certified);
        Ok(Self {
            source,
            current,
            looked: std::sync::Mutex::new(std::time::Instant::now()),
        })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let identity = identity::read(&self.source)?;
        self.current.store(identity.certified);
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut l = self.looked.lock().unwrap();
        if l.elapsed().as_secs() >= 60 {
            *l = std::time::Instant::now();
            let _ = self.reload();
        }
        Some(self.current.load_full())
    }
}
