//! A resolver without input and output.

use std::sync::Arc;

use ch02_hot_reload::identity::{self, Rejected, Source};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with the pair that is current.
///
/// `identity::read(&source)` reads the files and validates them. The pair of what it returns is its `certified`.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    c: arc_swap::ArcSwapOption<CertifiedKey>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let c = identity::read(&source)
            .ok()
            .map(|i| i.certified.clone())
            .into();
        Ok(Self { source, c })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid. Then the pair before goes on being shown.
    pub fn reload(&self) -> Result<(), Rejected> {
        self.c
            .store(Some(identity::read(&self.source)?.certified.clone()));
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.c.load_full()
    }
}
