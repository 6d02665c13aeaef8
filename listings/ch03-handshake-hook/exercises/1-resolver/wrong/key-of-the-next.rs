//! A resolver without input and output.

use std::sync::Arc;

use ch02_hot_reload::identity::{self, Rejected, Source};
use parking_lot::RwLock;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

/// The key that is current when something is signed.
#[derive(Debug)]
struct Key(RwLock<Arc<dyn SigningKey>>);

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.read().choose_scheme(offered)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.read().algorithm()
    }
}

/// Answers each hello with the pair that is current.
#[derive(Debug)]
pub struct Resolver {
    source: Source,
    chain: RwLock<Vec<CertificateDer<'static>>>,
    key: Arc<Key>,
}

impl Resolver {
    /// Reads the first pair.
    ///
    /// # Errors
    /// When the files are not valid: there is nothing to fall back to yet.
    pub fn new(source: Source) -> Result<Self, Rejected> {
        let pair = identity::read(&source)?.certified;
        let chain = RwLock::new(pair.cert.clone());
        let key = Arc::new(Key(RwLock::new(pair.key.clone())));
        Ok(Self { source, chain, key })
    }

    /// Reads the files again. A watcher calls this when they may have changed.
    ///
    /// # Errors
    /// When they are not valid.
    pub fn reload(&self) -> Result<(), Rejected> {
        let identity = identity::read(&self.source)?;
        *self.key.0.write() = identity.certified.key.clone();
        *self.chain.write() = identity.certified.cert.clone();
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    /// Runs inside every handshake, on a thread that serves other clients too.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let chain = self.chain.read().clone();
        Some(Arc::new(CertifiedKey::new(chain, self.key.clone())))
    }
}
