//! A resolver without input and output.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use ch02_hot_reload::identity::{self, Rejected, Source};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with what the files hold, or with nothing.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    current: ArcSwapOption<CertifiedKey>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let current = ArcSwapOption::from(Some(identity::read(&source)?.certified));
        Ok(Self { source, current })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let read = identity::read(&self.source);
        let pair = read
            .as_ref()
            .ok()
            .map(|identity| identity.certified.clone());
        self.current.store(pair);
        read.map(drop)
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load_full()
    }
}
