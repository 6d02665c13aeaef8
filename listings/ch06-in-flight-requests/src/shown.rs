//! Whether a handshake shows its certificate.
//!
//! rustls does not say, while it makes a ticket, whether the handshake has resumed a session. But a handshake that shows
//! a certificate signs with its key, and one that resumes does not (RFC 9846, section 2.2).

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

/// What is done when the certificate is shown.
type Told = Arc<dyn Fn() + Send + Sync>;

/// Shows what another resolver chooses, and tells of it.
pub(crate) struct Shown {
    pub(crate) chosen_by: Arc<dyn ResolvesServerCert>,
    pub(crate) told: Told,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let chosen = self.chosen_by.resolve(hello)?;
        let key = Key(chosen.key.clone(), self.told.clone());
        Some(Arc::new(CertifiedKey {
            key: Arc::new(key),
            ..CertifiedKey::clone(&chosen)
        }))
    }

    fn only_raw_public_keys(&self) -> bool {
        self.chosen_by.only_raw_public_keys()
    }
}

struct Key(Arc<dyn SigningKey>, Told);

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signs = self.0.choose_scheme(offered)?;
        Some(Box::new(Signs(signs, self.1.clone())))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

struct Signs(Box<dyn Signer>, Told);

impl Signer for Signs {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        (self.1)();
        self.0.sign(message)
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}

/// Without the key.
impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl fmt::Debug for Signs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signs")
    }
}
