//! A resolver without input and output.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ch02_hot_reload::identity::{self, Rejected, Source};
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with the pair that is current.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    current: ArcSwap<CertifiedKey>,
    ends: Mutex<String>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let identity = identity::read(&source)?;
        Ok(Self {
            source,
            current: ArcSwap::from(identity.certified),
            ends: Mutex::new(identity.facts.not_after),
        })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let identity = identity::read(&self.source)?;
        // What ends earlier is older.
        let mut ends = self.ends.lock();
        if identity.facts.not_after >= *ends {
            *ends = identity.facts.not_after;
            self.current.store(identity.certified);
        }
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}
