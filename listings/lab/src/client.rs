//! The client: it connects, and reports what it was shown.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::chain::{self, Facts};
use crate::{BOUND, Error, wire};

/// Connects to one kind of server: one set of trust anchors, one name.
#[derive(Clone)]
pub struct Client {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// What a [`Client`] offers in its handshakes, and whether it resumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Remember sessions and resume them (RFC 9846, section 2.2). Off by default: a probe that
    /// resumes is not shown the server's certificate.
    pub resume: bool,
    /// Offer TLS 1.2 only, instead of 1.2 and 1.3.
    pub tls12_only: bool,
    /// Offer X25519 as the only key exchange, without its hybrid with ML-KEM: for a comparison with
    /// servers that do not know that.
    pub x25519_only: bool,
}

/// The configuration of such a client.
///
/// # Errors
/// When there is no usable trust anchor.
pub fn config(roots_pem: &str, options: Options) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots_pem.as_bytes()) {
        roots.add(root?)?;
    }
    if roots.is_empty() {
        return Err(Error::NoTrustAnchor);
    }
    let versions: &[&SupportedProtocolVersion] = if options.tls12_only {
        &[&rustls::version::TLS12]
    } else {
        rustls::DEFAULT_VERSIONS
    };
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    if options.x25519_only {
        provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519];
    }
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if !options.resume {
        config.resumption = Resumption::disabled();
    }
    Ok(Arc::new(config))
}

/// What one handshake showed: the chain, the version of TLS, and whether it was a full one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Serial, validity and hash of the chain. On a resumed session: of the chain that was shown
    /// when the session began.
    pub chain: Facts,
    /// SHA-256 of each certificate of the chain as it came, leaf first, in hex.
    pub certificates: Vec<String>,
    /// The version of TLS that was agreed on: `1.2` or `1.3`.
    pub tls: &'static str,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
}

impl Seen {
    /// Logs `handshake_seen`: which certificate was shown, and how.
    pub fn log(&self) {
        tracing::info!(
            event = "handshake_seen",
            serial = self.chain.serial,
            resumed = self.resumed,
            tls = self.tls
        );
    }
}

/// How a client was let down.
#[derive(Debug)]
pub enum Failure {
    /// Nothing listens on the port: the operating system refused the connection.
    Refused,
    /// The handshake did not complete, with the reason.
    Handshake(io::Error),
    /// The connection ended in the middle, after this many bytes of body.
    Severed {
        /// Bytes received in full and in order until then.
        at: u64,
        /// What the operating system or TLS said.
        error: io::Error,
    },
    /// A byte of body differs from the known one at its offset.
    Corrupt {
        /// The offset of the block that was wrong.
        at: u64,
    },
    /// Nothing happened for [`BOUND`]; the text says what was waited for.
    Silent(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Handshake(error) => write!(f, "handshake failed: {error}"),
            Self::Severed { at, error } => write!(f, "severed after {at} bytes: {error}"),
            Self::Corrupt { at } => write!(f, "wrong bytes in the block at {at}"),
            Self::Silent(what) => write!(f, "waited {BOUND:?} for {what}"),
        }
    }
}

impl std::error::Error for Failure {}

/// For a demo, which ends at the first failure that it did not expect.
impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        Self::other(failure)
    }
}

impl Client {
    /// A client that trusts `roots_pem` and expects a certificate for `name`.
    ///
    /// # Errors
    /// When there is no usable trust anchor, or `name` is no DNS name.
    pub fn new(roots_pem: &str, name: &str, options: Options) -> Result<Self, Error> {
        Self::with_config(config(roots_pem, options)?, name)
    }

    /// A client with a configuration of its own: another clock, say.
    ///
    /// # Errors
    /// When `name` is no DNS name.
    pub fn with_config(config: Arc<ClientConfig>, name: &str) -> Result<Self, Error> {
        Ok(Self {
            connector: TlsConnector::from(config),
            name: ServerName::try_from(name.to_owned())?,
        })
    }

    /// Connects and completes a handshake, within [`BOUND`].
    ///
    /// # Errors
    /// [`Failure::Refused`], [`Failure::Handshake`] or [`Failure::Silent`].
    pub async fn connect(&self, server: SocketAddr) -> Result<Connection, Failure> {
        let (stream, seen) = self.open(server).await?;
        Ok(Connection::over(stream, seen))
    }

    /// The same, for another protocol than the lab's.
    pub async fn open(&self, server: SocketAddr) -> Result<(TlsStream<TcpStream>, Seen), Failure> {
        let connecting = async {
            let tcp = match TcpStream::connect(server).await {
                Ok(tcp) => tcp,
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                    return Err(Failure::Refused);
                }
                Err(e) => return Err(Failure::Handshake(e)),
            };
            // Requests are small: without this each waits for an acknowledgement.
            tcp.set_nodelay(true).map_err(Failure::Handshake)?;
            self.handshake(tcp).await
        };
        match tokio::time::timeout(BOUND, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(Failure::Silent("a connection")),
        }
    }

    /// Completes a handshake over any stream, in memory for example. Waits without a bound.
    pub async fn handshake<S>(&self, stream: S) -> Result<(TlsStream<S>, Seen), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let tls = self.connector.connect(self.name.clone(), stream);
        let stream = tls.await.map_err(Failure::Handshake)?;
        let seen = seen(&stream).map_err(|error| Failure::Handshake(error.into()))?;
        Ok((stream, seen))
    }

    /// Connects, asks for one byte, closes, and reports what it saw. The byte proves that the
    /// server finished the handshake too, and lets a client that resumes receive its tickets.
    pub async fn probe(&self, server: SocketAddr) -> Result<Seen, Failure> {
        let mut connection = self.connect(server).await?;
        connection.pull(1).await?;
        let seen = connection.seen().clone();
        connection.close().await;
        Ok(seen)
    }
}

/// An open connection and the state of its download.
pub struct Connection<S = TcpStream> {
    stream: TlsStream<S>,
    seen: Seen,
    received: u64,
    hash: aws_lc_rs::digest::Context,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Speaks the lab's protocol over a stream whose handshake is complete.
    pub fn over(stream: TlsStream<S>, seen: Seen) -> Self {
        Self {
            stream,
            seen,
            received: 0,
            hash: aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256),
        }
    }

    /// What the handshake of this connection showed.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Bytes of body received so far, each one checked.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// SHA-256 over all that was received, in hex: the running checksum.
    pub fn sha256(&self) -> String {
        chain::hex(self.hash.clone().finish().as_ref())
    }

    /// Asks for `size` bytes more, and checks each one.
    pub async fn pull(&mut self, size: u32) -> Result<(), Failure> {
        let pulled = async {
            self.ask(size).await?;
            self.take(size).await
        };
        match tokio::time::timeout(BOUND, pulled).await {
            Ok(pulled) => pulled,
            Err(_) => Err(Failure::Silent("an answer")),
        }
    }

    /// Asks for `size` bytes more, and waits for none. There is no bound on how long it takes.
    pub async fn ask(&mut self, size: u32) -> Result<(), Failure> {
        let asked = self.stream.write_all(&size.to_be_bytes()).await;
        if let Err(error) = asked {
            return Err(self.severed(error));
        }
        let flushed = self.stream.flush().await;
        flushed.map_err(|error| self.severed(error))
    }

    /// Takes `size` bytes of what was asked for, and checks each one. There is no bound on how long it
    /// takes.
    pub async fn take(&mut self, size: u32) -> Result<(), Failure> {
        let (mut left, mut block) = (size as usize, [0; wire::BLOCK]);
        while left > 0 {
            let want = left.min(wire::BLOCK);
            let got = match self.stream.read(&mut block[..want]).await {
                Ok(0) => return Err(self.severed(io::ErrorKind::UnexpectedEof.into())),
                Ok(got) => got,
                Err(error) => return Err(self.severed(error)),
            };
            if !wire::is_body(self.received, &block[..got]) {
                return Err(Failure::Corrupt { at: self.received });
            }
            self.hash.update(&block[..got]);
            self.received += got as u64;
            left -= got;
        }
        Ok(())
    }

    fn severed(&self, error: io::Error) -> Failure {
        let at = self.received;
        Failure::Severed { at, error }
    }

    /// Says goodbye with `close_notify` (RFC 9846, section 6.1), and reads until the server does.
    pub async fn close(mut self) {
        // The server may be gone already; then there is nobody to say goodbye to.
        let _ = self.stream.shutdown().await;
        let _ = tokio::time::timeout(BOUND, self.stream.read(&mut [0])).await;
    }
}

/// SHA-256 in hex of the first `size` bytes of the known body: what a whole download must sum to.
pub fn expected_sha256(size: u64) -> String {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut block = [0; wire::BLOCK];
    let mut at = 0;
    while at < size {
        let part = (size - at).min(wire::BLOCK as u64) as usize;
        wire::body(at, &mut block[..part]);
        hash.update(&block[..part]);
        at += part as u64;
    }
    chain::hex(hash.finish().as_ref())
}

/// Connections that are held open, as a pool of a client library holds them.
pub struct Pool(Vec<Connection>);

impl Pool {
    /// Opens `size` connections, one after the other.
    pub async fn open(client: &Client, server: SocketAddr, size: usize) -> Result<Self, Failure> {
        let mut held = Vec::with_capacity(size);
        for _ in 0..size {
            held.push(client.connect(server).await?);
        }
        Ok(Self(held))
    }

    /// Pulls `size` bytes on each connection: they all still live.
    pub async fn pull(&mut self, size: u32) -> Result<(), Failure> {
        for connection in &mut self.0 {
            connection.pull(size).await?;
        }
        Ok(())
    }

    /// The connections, in the order in which they were opened.
    pub fn connections(&self) -> &[Connection] {
        &self.0
    }

    /// Closes each as [`Connection::close`] does, one after the other.
    pub async fn close(self) {
        for connection in self.0 {
            connection.close().await;
        }
    }
}

fn seen<S>(stream: &TlsStream<S>) -> Result<Seen, chain::Unreadable> {
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    Ok(Seen {
        chain: chain::facts(chain)?,
        certificates: chain.iter().map(|one| chain::sha256(one)).collect(),
        tls: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "1.2",
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            _ => "unknown",
        },
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
    })
}
