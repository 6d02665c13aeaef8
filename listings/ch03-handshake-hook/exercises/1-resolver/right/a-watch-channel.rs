//! A resolver without input and output.

use std::sync::Arc;
use tokio::sync::watch;

use ch02_hot_reload::identity::{self, Rejected, Source};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Answers each hello with what a channel holds last.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    current: watch::Sender<Arc<CertifiedKey>>,
}

impl Resolver {
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let identity = identity::read(&source)?;
        let current = watch::Sender::new(identity.certified);
        Ok(Self { source, current })
    }

    pub fn reload(&self) -> Result<(), Rejected> {
        identity::read(&self.source).map(|identity| {
            self.current.send_replace(identity.certified);
        })
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.borrow();
        Some(Arc::clone(&current))
    }
}
