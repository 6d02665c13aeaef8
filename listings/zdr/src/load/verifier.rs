//! How clients verify what they are shown: as rustls does, and more exactly in two points. A chain of an
//! authority that has the name of a trusted one is told apart from a handshake that the wrong key has
//! signed; and a client may take one kind of key alone.

use std::sync::Arc;

use crate::attempt::failure::of_chain;
use crate::server::spec::Keys;
use lab::Error;
use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, PeerMisbehaved, RootCertStore, SignatureScheme};

/// Verifies the chain and the handshake of a server.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    judge: Arc<WebPkiServerVerifier>,
    /// What a handshake may be signed by. Chains may be signed by whatever rustls knows: an RSA leaf is often
    /// issued by an authority with another kind of key.
    schemes: Vec<SignatureScheme>,
    /// The name that a certificate has to bear, where that is another than the one that was asked for.
    name: Option<ServerName<'static>>,
    /// What it rejected last. QUIC's library keeps no more of it than an alert.
    rejected: Arc<Mutex<Option<rustls::Error>>>,
}

impl Verifier {
    /// For clients that trust these roots, and take leaves with this kind of key, or with any.
    ///
    /// # Errors
    /// When there is no usable trust anchor.
    pub fn new(roots_pem: &str, keys: Option<Keys>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots_pem.as_bytes()) {
            roots.add(root?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let judge = judge.build().map_err(|_| Error::NoTrustAnchor)?;
        let mut schemes = judge.supported_verify_schemes();
        schemes.retain(|scheme| keys.is_none_or(|keys| signs(keys, *scheme)));
        Ok(Self {
            judge,
            schemes,
            name: None,
            rejected: Arc::default(),
        })
    }

    /// The same, for certificates that bear this name, whichever is asked for.
    ///
    /// # Errors
    /// When it is no name of a server.
    pub fn for_name(self, name: &str) -> Result<Self, Error> {
        let name = Some(ServerName::try_from(name.to_owned())?);
        Ok(Self { name, ..self })
    }

    /// The same, which remembers what it rejects by itself: for one connection.
    pub fn apart(&self) -> Self {
        Self {
            rejected: Arc::default(),
            ..self.clone()
        }
    }

    /// What it rejected, if it rejected anything.
    pub fn rejected(&self) -> Option<rustls::Error> {
        self.rejected.lock().clone()
    }

    fn remember<T>(&self, judged: Result<T, rustls::Error>) -> Result<T, rustls::Error> {
        judged.inspect_err(|error| *self.rejected.lock() = Some(error.clone()))
    }

    fn taken(&self, scheme: SignatureScheme) -> Result<(), rustls::Error> {
        match self.schemes.contains(&scheme) {
            true => Ok(()),
            false => Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into()),
        }
    }
}

/// Whether a key of this kind signs so.
fn signs(keys: Keys, scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;
    match keys {
        Keys::Ecdsa => matches!(
            scheme,
            S::ECDSA_NISTP256_SHA256 | S::ECDSA_NISTP384_SHA384 | S::ECDSA_NISTP521_SHA512
        ),
        Keys::Rsa => matches!(
            scheme,
            S::RSA_PSS_SHA256
                | S::RSA_PSS_SHA384
                | S::RSA_PSS_SHA512
                | S::RSA_PKCS1_SHA256
                | S::RSA_PKCS1_SHA384
                | S::RSA_PKCS1_SHA512
        ),
        Keys::Ed25519 => scheme == S::ED25519,
        Keys::MlDsa44 => scheme == S::ML_DSA_44,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let name = self.name.as_ref().unwrap_or(name);
        let judged = self.judge.verify_server_cert(leaf, rest, name, ocsp, now);
        self.remember(judged.map_err(of_chain))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let judge = || {
            self.taken(signed.scheme)?;
            self.judge
                .verify_tls12_signature(message, certificate, signed)
        };
        self.remember(judge())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let judge = || {
            self.taken(signed.scheme)?;
            self.judge
                .verify_tls13_signature(message, certificate, signed)
        };
        self.remember(judge())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
