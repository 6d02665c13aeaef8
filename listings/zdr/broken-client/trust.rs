//! What the client makes of its files: roots that verify, a certificate to show, and sessions.

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_parser::parse_x509_certificate;

use crate::arguments::{Arguments, Defect};
use crate::files::Files;

/// What a part of it ends with: files that hold nothing, a library that refuses, a connection that is gone.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// One state of its files, ready for use.
pub struct Generation {
    /// With it, connections are opened.
    pub config: Arc<ClientConfig>,
    verifier: Arc<Swapped>,
    /// What it was made of.
    of: Files,
}

impl Generation {
    /// The first.
    ///
    /// # Errors
    /// When the files hold nothing that can be used.
    pub fn first(files: &Files, defect: Option<Defect>) -> Result<Self> {
        let verifier = Arc::new(Swapped {
            judge: RwLock::new(judge(&files.roots)?),
            any: defect == Some(Defect::VerifiesNothing),
        });
        Self::with(verifier, files, defect)
    }

    fn with(verifier: Arc<Swapped>, files: &Files, defect: Option<Defect>) -> Result<Self> {
        let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let config = match &files.own {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let own = own(certificate, key)?;
                let any = defect == Some(Defect::AnyAuthority);
                config.with_client_cert_resolver(Arc::new(Own { own, any }))
            }
        };
        Ok(Self {
            config: Arc::new(config),
            verifier,
            of: files.clone(),
        })
    }

    /// Looks at the files. Whether they have changed, and are in use.
    ///
    /// # Errors
    /// When they do not belong together, and its defect is to end then.
    pub fn follow(&mut self, files: &mut Files, arguments: &Arguments) -> Result<bool> {
        let defect = arguments.defect;
        let deaf = |now: &Files| {
            defect == Some(Defect::CertificateOnly) && files.differs_in_key_alone(now)
        };
        let Some(changed) = files.changed(arguments).filter(|now| !deaf(now)) else {
            return Ok(false);
        };
        match self.next(&changed, defect) {
            Ok(next) => (*self, *files) = (next, changed),
            Err(error) if defect == Some(Defect::EndsAtHalf) => return Err(error),
            // It takes this for read, so nothing will tell it of the key.
            Err(_) if defect == Some(Defect::CertificateOnly) => *files = changed,
            // What cannot be read yet is looked at again.
            Err(_) => return Ok(false),
        }
        if defect == Some(Defect::KeyPrinted) {
            files.print_key();
        }
        Ok(true)
    }

    /// The next, after a change of its files.
    ///
    /// # Errors
    /// When the files hold nothing that can be used: the one of before goes on.
    fn next(&self, now: &Files, defect: Option<Defect>) -> Result<Self> {
        let mut seen = now.clone();
        match defect {
            Some(Defect::LeafOnce) => seen.own = self.of.own.clone(),
            Some(Defect::RootsOnce) => seen.roots = self.of.roots.clone(),
            Some(Defect::RootsAdded) => seen.roots = format!("{}{}", self.of.roots, now.roots),
            Some(Defect::SessionsStay) if self.of.own == now.own => {
                // The verifier is the same object as before, so rustls has no reason to forget sessions.
                *self.verifier.judge.write() = judge(&now.roots)?;
                return Ok(Self {
                    config: self.config.clone(),
                    verifier: self.verifier.clone(),
                    of: seen,
                });
            }
            _ => {}
        }
        // With roots, all goes that was verified by them: verifier, sessions, connections.
        Self::first(&seen, defect)
    }
}

fn judge(roots: &str) -> Result<Arc<WebPkiServerVerifier>> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots.as_bytes()) {
        store.add(root?)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
    Ok(judge?)
}

fn own(certificate: &str, key: &str) -> Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| "no key")?;
    let own = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    Ok(Arc::new(own?))
}

/// Its certificate, for servers that ask for one of its authority.
#[derive(Debug)]
struct Own {
    own: Arc<CertifiedKey>,
    any: bool,
}

impl ResolvesClientCert for Own {
    fn resolve(&self, wanted: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let issuers = self.own.cert.iter().filter_map(|one| {
            let (_, parsed) = parse_x509_certificate(one).ok()?;
            Some(parsed.issuer().as_raw().to_owned())
        });
        let asked = |issuer: Vec<u8>| wanted.iter().any(|wanted| *wanted == issuer);
        // A server that names no authority takes any.
        let fits = self.any || wanted.is_empty() || issuers.into_iter().any(asked);
        fits.then(|| self.own.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A verifier whose roots can be replaced under it.
#[derive(Debug)]
struct Swapped {
    judge: RwLock<Arc<WebPkiServerVerifier>>,
    /// It asks nobody.
    any: bool,
}

impl Swapped {
    fn judge(&self) -> Arc<WebPkiServerVerifier> {
        self.judge.read().clone()
    }
}

impl ServerCertVerifier for Swapped {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.any {
            return Ok(ServerCertVerified::assertion());
        }
        self.judge().verify_server_cert(leaf, rest, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge()
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge()
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge().supported_verify_schemes()
    }
}
