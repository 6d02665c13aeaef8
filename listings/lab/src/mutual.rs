//! Mutual TLS: a server that asks its clients for a certificate, and remembers what it was shown;
//! and a client that shows one. Each is the other end for one that rotates.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::authority::Issued;
use crate::event::Event;
use crate::log::Log;
use crate::{Error, any_port, chain, client, wire};

/// Such a server, on a port of its own. It ends when this is dropped.
///
/// Its log has `client_seen` for each client that got in, and `handshake_failed` for each that did
/// not. The log is its own: nothing of it goes to stderr.
pub struct Server {
    address: SocketAddr,
    log: Log,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts it. It shows `identity`, and lets in whoever shows a chain that leads to
    /// `client_roots_pem`.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or no port.
    pub async fn start(identity: &Issued, client_roots_pem: &str) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(config(identity, client_roots_pem)?);
        let listener = TcpListener::bind(any_port()).await?;
        let (address, log) = (listener.local_addr()?, Log::default());
        let seen = log.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                // The answers are small; without this each waits for an acknowledgement.
                let _ = tcp.set_nodelay(true);
                tokio::spawn(one(tcp, acceptor.clone(), seen.clone()));
            }
        });
        Ok(Self {
            address,
            log,
            accepting,
        })
    }

    /// The loopback address and port that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen so far.
    pub fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The configuration of such a server: TLS 1.2 and 1.3, no client without a certificate.
///
/// # Errors
/// When there is no usable trust anchor, or the key belongs to another certificate.
pub fn config(identity: &Issued, client_roots_pem: &str) -> Result<Arc<ServerConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(client_roots_pem.as_bytes()) {
        roots.add(root?)?;
    }
    let (chain, key) = pair(identity)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build()?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// The configuration of a client that trusts `roots_pem`, and shows `identity` to servers that ask,
/// be it valid or not.
///
/// # Errors
/// When there is no usable trust anchor, or the key belongs to another certificate.
pub fn client_config(
    identity: &Issued,
    roots_pem: &str,
    options: client::Options,
) -> Result<Arc<ClientConfig>, Error> {
    let (chain, key) = pair(identity)?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider)?;
    let mut config = Arc::unwrap_or_clone(client::config(roots_pem, options)?);
    config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    Ok(Arc::new(config))
}

fn pair(
    identity: &Issued,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let chain =
        CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes())
        .map_err(|_| Error::NoKey)?;
    Ok((chain, key))
}

async fn one(tcp: TcpStream, acceptor: TlsAcceptor, log: Log) {
    let failed = |error: &dyn std::fmt::Display| {
        log.push(Event::now(
            "handshake_failed",
            [("why", error.to_string().into())],
        ));
    };
    let mut stream = match acceptor.accept(tcp).await {
        Ok(stream) => stream,
        Err(error) => return failed(&error),
    };
    let session = stream.get_ref().1;
    let facts = match chain::facts(session.peer_certificates().unwrap_or_default()) {
        Ok(facts) => facts,
        Err(error) => return failed(&error),
    };
    let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
    let tls = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        _ => "1.3",
    };
    log.push(Event::now(
        "client_seen",
        [
            ("serial", facts.serial.into()),
            ("resumed", resumed.into()),
            ("tls", tls.into()),
        ],
    ));
    // How the client takes its leave is its own log's to tell.
    let _ = wire::serve(&mut stream).await;
}
