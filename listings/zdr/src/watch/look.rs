//! One handshake with a server in service, and what it showed.
//!
//! The chain is judged as a client judges it, and the handshake is completed either way: a server that is
//! watched gets no alert in its log for what its operator knows already.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::attempt::FailureKind;
use crate::attempt::failure::{Where, causes, kind, of_chain, of_tls, words_of_chain};
use crate::attempt::in_clear::handshake;
use lab::client::Failure;
use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::error::Error;
use crate::watch::own_root::{Trusted, judged_again};
use crate::watch::presented::Presented;

/// The roots by which chains are judged.
pub struct Trust {
    roots: RootCertStore,
    /// The same as they are in their files.
    trusted: Trusted,
    /// Where they come from, in words.
    from: String,
}

impl Trust {
    /// Those in a PEM file.
    ///
    /// # Errors
    /// When it cannot be read, or holds no root.
    pub fn file(path: &Path) -> Result<Self, Error> {
        let unusable = |error: &dyn std::fmt::Display| {
            Error::Invalid(format!("{}: no roots in PEM: {error}", path.display()))
        };
        std::fs::File::open(path).map_err(|error| {
            Error::Invalid(format!("{}: cannot be read: {error}", path.display()))
        })?;
        let found = CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))?;
        let (mut roots, mut trusted) = (RootCertStore::empty(), Trusted::new());
        for root in found {
            let root = root.map_err(|error| unusable(&error))?;
            trusted.insert(root.clone());
            roots.add(root).map_err(|error| unusable(&error))?;
        }
        match roots.is_empty() {
            true => Err(unusable(&"it holds no certificate")),
            false => Ok(Self {
                roots,
                trusted,
                from: format!("roots of {}", path.display()),
            }),
        }
    }

    /// Those of the operating system. One that does not parse is passed over, as browsers do.
    ///
    /// # Errors
    /// When there is none.
    pub fn system() -> Result<Self, Error> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let trusted = found.certs.iter().cloned().collect();
        roots.add_parsable_certificates(found.certs);
        match roots.is_empty() {
            true => Err(Error::Invalid(
                "this system has no roots: install its package of CA certificates, or give \
                 roots with `--roots FILE`"
                    .into(),
            )),
            false => Ok(Self {
                roots,
                trusted,
                from: "roots of this system".into(),
            }),
        }
    }
}

/// What one handshake showed.
#[derive(Clone, Debug)]
pub struct Look {
    /// With whom.
    pub address: SocketAddr,
    /// When it was over, since the beginning of the watch.
    pub at: Duration,
    /// The chain, where the server came to show one.
    pub presented: Option<Arc<Presented>>,
    /// What a client would have failed by.
    pub failed: Option<(FailureKind, String)>,
    /// Whether the server asked for a client's certificate. None was sent.
    pub asked: bool,
    no_route: bool,
}

impl Look {
    /// One that is put together elsewhere: from a recording, say.
    pub fn new(
        address: SocketAddr,
        at: Duration,
        presented: Option<Arc<Presented>>,
        failed: Option<(FailureKind, String)>,
    ) -> Self {
        Self {
            address,
            at,
            presented,
            failed,
            asked: false,
            no_route: false,
        }
    }

    /// Whether the address cannot be reached from this machine at all: an IPv6 address from a machine
    /// without IPv6, for one.
    pub fn unreachable(&self) -> bool {
        self.no_route
    }
}

/// Makes handshakes for one name.
pub struct Looker {
    judge: Arc<WebPkiServerVerifier>,
    trusted: Arc<Trusted>,
    /// The name that is asked for.
    pub name: String,
    server_name: ServerName<'static>,
    /// Where the roots come from, in words.
    pub roots: String,
    patience: Duration,
}

impl Looker {
    /// For clients that trust `trust` and ask for `name`.
    ///
    /// # Errors
    /// When `name` is neither a DNS name nor an IP address.
    pub fn new(trust: Trust, name: &str, patience: Duration) -> Result<Self, Error> {
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
            Error::Invalid(format!("`{name}` is neither a DNS name nor an IP address"))
        })?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(trust.roots), provider)
            .build()
            .map_err(|error| Error::Invalid(format!("{}: {error}", trust.from)))?;
        Ok(Self {
            judge,
            trusted: Arc::new(trust.trusted),
            name: name.to_owned(),
            server_name,
            roots: trust.from,
            patience,
        })
    }

    /// One handshake, closed at once.
    pub async fn look(&self, address: SocketAddr, start: Instant) -> Look {
        let witness = Arc::new(Witness {
            judge: self.judge.clone(),
            trusted: self.trusted.clone(),
            met: Mutex::default(),
        });
        let stranger = Arc::new(Stranger::default());
        let handshake = self.handshake(address, witness.clone(), stranger.clone());
        let outcome = match timeout(self.patience, handshake).await {
            Ok(outcome) => outcome.map_err(Failure::Handshake),
            Err(_) => Err(Failure::Silent("a handshake")),
        };
        let at = start.elapsed();
        let asked = stranger.asked.load(Ordering::Relaxed);
        let no_route = matches!(&outcome, Err(Failure::Handshake(error)) if no_route(error));
        let said = |failure: Failure| {
            let words = words(&failure, self.patience);
            (kind(&failure, Where::Opening), words)
        };
        let mut failed = outcome.err().map(said);
        let mut presented = None;
        if let Some(met) = witness.met.lock().take() {
            // A server that asks for a certificate may refuse a client without one: it has shown its own, and
            // the clients that it is there for have one.
            failed = failed.filter(|(kind, _)| !(asked && *kind == FailureKind::Alert));
            match Presented::read(met.chain) {
                Ok(chain) => presented = Some(chain),
                Err(error) => failed = Some((FailureKind::Tls, error.to_string())),
            }
            failed = met.judged.err().map(judged).or(failed);
        }
        Look {
            address,
            at,
            presented,
            failed,
            asked,
            no_route,
        }
    }

    async fn handshake(
        &self,
        address: SocketAddr,
        witness: Arc<Witness>,
        stranger: Arc<Stranger>,
    ) -> io::Result<()> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(witness)
        .with_client_cert_resolver(stranger);
        // Who resumes is not shown the certificate.
        config.resumption = Resumption::disabled();
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = handshake(&connector, self.server_name.clone(), tcp).await?;
        // The server may be gone already: it has shown what it had to.
        let _ = stream.shutdown().await;
        Ok(())
    }
}

/// What is wrong with a chain, as its kind and in words.
fn judged(error: rustls::Error) -> (FailureKind, String) {
    let error = of_chain(error);
    (of_tls(&error), words_of_chain(&error))
}

/// What a person reads: without the words that say again that it was a handshake.
fn words(failure: &Failure, patience: Duration) -> String {
    match failure {
        Failure::Silent(what) => format!("waited {patience:?} for {what}"),
        Failure::Handshake(error) => match causes(error).find_map(|cause| cause.downcast_ref()) {
            Some(rustls::Error::InvalidMessage(_)) => {
                format!(
                    "what it answers is not TLS: {error}. This looks at servers that speak TLS from the first byte, \
                     and at none with STARTTLS"
                )
            }
            Some(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)) => {
                format!("it speaks neither TLS 1.3 nor TLS 1.2 ({error})")
            }
            _ => error.to_string(),
        },
        other => other.to_string(),
    }
}

fn no_route(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable
    )
}

/// Has no certificate, and writes down whether one was asked for.
#[derive(Debug, Default)]
struct Stranger {
    asked: AtomicBool,
}

impl ResolvesClientCert for Stranger {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Writes down which chain came and what a client makes of it, and lets the handshake go on.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    trusted: Arc<Trusted>,
    met: Mutex<Option<Met>>,
}

#[derive(Debug)]
struct Met {
    chain: Vec<CertificateDer<'static>>,
    judged: Result<ServerCertVerified, rustls::Error>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.judge.verify_server_cert(leaf, rest, name, ocsp, now);
        let judged = judged_again(judged, (leaf, &self.trusted), name, now);
        let chain = std::iter::once(leaf).chain(rest);
        let chain = chain.map(|one| one.clone().into_owned()).collect();
        *self.met.lock() = Some(Met { chain, judged });
        // Nothing is sent over this connection.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
