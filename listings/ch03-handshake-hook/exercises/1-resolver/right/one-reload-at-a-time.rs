//! A resolver without input and output.

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use std::sync::Arc;

use ch02_hot_reload::identity::{self, Rejected, Source};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Reloads come one after the other, and a pair that is the same stays the same object.
pub struct Resolver {
    source: Mutex<Source>,
    current: ArcSwapOption<CertifiedKey>,
}

impl Resolver {
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let new = Self {
            source: Mutex::new(source),
            current: ArcSwapOption::empty(),
        };
        new.reload()?;
        Ok(new)
    }

    pub fn reload(&self) -> Result<(), Rejected> {
        let source = self.source.lock();
        let next = identity::read(&source)?.certified;
        let same = |now: &Arc<CertifiedKey>| now.cert == next.cert;
        if !self.current.load().as_ref().is_some_and(same) {
            self.current.store(Some(next));
        }
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let _name = hello.server_name();
        self.current.load_full()
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}
