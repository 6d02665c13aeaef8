//! The public half of a key that there is already.

use aws_lc_rs::signature::{KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};
use rcgen::{KeyPair, PublicKeyData, SignatureAlgorithm};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use crate::Error;

/// What an authority signs of a key: its algorithm, and its public half.
pub(super) struct Public {
    algorithm: &'static SignatureAlgorithm,
    bytes: Vec<u8>,
}

impl Public {
    /// That of a private key in PEM.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(pem: &str) -> Result<Self, Error> {
        match KeyPair::from_pem(pem) {
            Ok(key) => Ok(Self {
                algorithm: key.algorithm(),
                bytes: key.public_key_raw().to_vec(),
            }),
            // rcgen makes keys of ML-DSA, and reads none.
            Err(error) => Self::of_ml_dsa(pem).ok_or(error.into()),
        }
    }

    fn of_ml_dsa(pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let key = PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, der.secret_pkcs8_der());
        Some(Self {
            algorithm: &rcgen::PKCS_ML_DSA_44,
            bytes: key.ok()?.public_key().as_ref().to_vec(),
        })
    }
}

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}
