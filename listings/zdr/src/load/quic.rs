//! Connections of QUIC (RFC 9000), each over a socket of its own.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use lab::chain;
use lab::client::{Failure, Seen};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ConnectionError, Endpoint, TransportConfig, TransportErrorCode};
use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, ClientConfig};

use crate::load::verifier::Verifier;

/// How much of a stream may come to a client that does not read, in bytes.
const AHEAD: u32 = 256 * 1024;

/// Opens connections to one server, by one name. It does not resume.
#[derive(Clone)]
pub struct QuicClient {
    tls: ClientConfig,
    verifier: Verifier,
    transport: Arc<TransportConfig>,
    name: String,
}

/// An open connection.
pub(super) struct Quic {
    endpoint: Endpoint,
    pub connection: quinn::Connection,
}

impl QuicClient {
    /// A client that speaks TLS as this configuration says, and verifies by `verifier`.
    pub(super) fn new(tls: &ClientConfig, verifier: Verifier, name: &str) -> Self {
        let mut tls = tls.clone();
        tls.alpn_protocols = vec![b"h3".to_vec()];
        let mut transport = TransportConfig::default();
        transport.stream_receive_window(AHEAD.into());
        Self {
            tls,
            verifier,
            transport: Arc::new(transport),
            name: name.to_owned(),
        }
    }

    /// Connects, and completes a handshake.
    pub(super) async fn handshake(&self, address: SocketAddr) -> Result<(Quic, Seen), Failure> {
        let failed = |error: io::Error| Failure::Handshake(error);
        let verifier = Arc::new(self.verifier.apart());
        let mut tls = self.tls.clone();
        tls.dangerous().set_certificate_verifier(verifier.clone());
        let tls =
            QuicClientConfig::try_from(tls).map_err(|error| failed(io::Error::other(error)))?;
        let mut config = quinn::ClientConfig::new(Arc::new(tls));
        config.transport_config(self.transport.clone());
        let endpoint = Endpoint::client(any_port(address)).map_err(failed)?;
        let connecting = endpoint.connect_with(config, address, &self.name);
        let connecting = connecting.map_err(|error| failed(io::Error::other(error)))?;
        let connection = connecting
            .await
            .map_err(|error| not_opened(error, verifier.rejected()))?;
        let seen = seen(&connection).map_err(failed)?;
        Ok((
            Quic {
                endpoint,
                connection,
            },
            seen,
        ))
    }
}

impl Quic {
    /// Goes on from another port of this machine: the client migrates (RFC 9000, section 9).
    pub fn migrate(&self) -> io::Result<()> {
        let socket = UdpSocket::bind(any_port(self.connection.remote_address()))?;
        self.endpoint.rebind(socket)
    }

    /// Whether nothing can be sent over it any more.
    pub fn is_closed(&self) -> bool {
        self.connection.close_reason().is_some()
    }
}

/// Any port of this machine from which an address can be reached.
pub(crate) fn any_port(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Why there is no connection. What the verifier rejected says it better than the alert that was sent.
fn not_opened(error: ConnectionError, rejected: Option<rustls::Error>) -> Failure {
    if let Some(rejected) = rejected {
        return Failure::Handshake(io::Error::other(rejected));
    }
    match error {
        ConnectionError::TimedOut => Failure::Silent("a handshake of QUIC"),
        ConnectionError::ConnectionClosed(close)
            if close.error_code == TransportErrorCode::CONNECTION_REFUSED =>
        {
            Failure::Refused
        }
        error => Failure::Handshake(closed(error)),
    }
}

/// What ended a connection. An alert of TLS is a code of QUIC's (RFC 9001, section 4.8).
pub(super) fn closed(error: ConnectionError) -> io::Error {
    const ALERTS: u64 = 0x100;
    let alert = match &error {
        ConnectionError::ConnectionClosed(close) => {
            let code = u64::from(close.error_code).checked_sub(ALERTS);
            code.and_then(|code| u8::try_from(code).ok())
        }
        _ => None,
    };
    match alert {
        Some(alert) => {
            let alert = AlertDescription::from(alert);
            io::Error::other(rustls::Error::AlertReceived(alert))
        }
        None => io::Error::other(error),
    }
}

/// What the handshake showed.
fn seen(connection: &quinn::Connection) -> io::Result<Seen> {
    let identity = connection.peer_identity();
    let chain = identity.and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok());
    let chain = chain.ok_or_else(|| io::Error::other("the server has shown no certificate"))?;
    Ok(Seen {
        chain: chain::facts(&chain).map_err(io::Error::other)?,
        certificates: chain.iter().map(|one| chain::sha256(one)).collect(),
        tls: "1.3",
        resumed: false,
    })
}
