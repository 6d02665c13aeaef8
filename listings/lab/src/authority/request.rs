//! What a leaf is asked to be, and what kind of key it gets.

use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::Error;

/// The kind of key a leaf gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256, what public authorities issue by default.
    #[default]
    EcdsaP256,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA with a 2048-bit modulus. Making one takes a noticeable fraction of a second.
    Rsa2048,
    /// ML-DSA-44 (FIPS 204; certificates: RFC 9881). The leaf is post-quantum, and is signed by an authority that is
    /// not. Only TLS 1.3 has it.
    MlDsa44,
}

impl KeyKind {
    /// Every kind, for tests that must hold with all.
    pub const ALL: [Self; 4] = [Self::EcdsaP256, Self::Ed25519, Self::Rsa2048, Self::MlDsa44];

    pub(super) fn generate(self) -> Result<KeyPair, Error> {
        Ok(KeyPair::generate_for(match self {
            Self::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::Ed25519 => return ed25519(),
            Self::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
            Self::MlDsa44 => &rcgen::PKCS_ML_DSA_44,
        })?)
    }
}

/// A key without its public half (version 1 of RFC 5958), as OpenSSL writes it. The library would write version
/// 2, which OpenSSL 3.0 cannot read, nor Python and nginx with it.
fn ed25519() -> Result<KeyPair, Error> {
    let key = Ed25519KeyPair::generate().map_err(|_| Error::Random)?;
    let pkcs8 = key.to_pkcs8v1().map_err(|_| Error::Random)?;
    let der = PrivatePkcs8KeyDer::from(pkcs8.as_ref());
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(
        &der,
        &rcgen::PKCS_ED25519,
    )?)
}

/// What a leaf is issued for (RFC 5280, section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// To be shown by a server, and by no client.
    Server,
    /// To be shown by a client, and by no server.
    Client,
}

impl Usage {
    /// The purposes that a certificate states. Without a usage, both.
    pub(super) fn purposes(of: Option<Self>) -> Vec<ExtendedKeyUsagePurpose> {
        let both = [
            (Self::Server, ExtendedKeyUsagePurpose::ServerAuth),
            (Self::Client, ExtendedKeyUsagePurpose::ClientAuth),
        ];
        let stated = both.into_iter();
        let stated = stated.filter(|(usage, _)| of.is_none_or(|one| one == *usage));
        stated.map(|(_, purpose)| purpose).collect()
    }
}

/// What a leaf is asked to be. Start with [`LeafRequest::new`] and change what matters.
#[derive(Clone, Debug)]
pub struct LeafRequest {
    /// DNS names and IP addresses, each a subjectAltName (RFC 5280, section 4.2.1.6).
    pub names: Vec<String>,
    /// Moved from the authority's clock: positive is later. Lets a test issue a leaf whose
    /// validity has not begun.
    pub starts_after: Duration,
    /// How long it is valid: notAfter minus notBefore.
    pub lifetime: Duration,
    /// Chosen serial, or the authority's next one.
    pub serial: Option<u64>,
    /// Kind of the fresh key; what the authority gives by default, where it is not said.
    pub key: Option<KeyKind>,
    /// What it is issued for. `None`: for servers and for clients.
    pub usage: Option<Usage>,
}

impl LeafRequest {
    /// A leaf for one name, valid for an hour from the authority's clock, with a key of the
    /// authority's kind: P-256, unless [`Authority::set_key_kind`](crate::authority::Authority::set_key_kind) was called.
    pub fn new(name: &str) -> Self {
        Self {
            names: vec![name.to_owned()],
            starts_after: Duration::ZERO,
            lifetime: Duration::from_secs(3600),
            serial: None,
            key: None,
            usage: None,
        }
    }
}
