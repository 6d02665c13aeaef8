//! Handshakes in which one end is OpenSSL's, made by an answer, and the other is a client or server of rustls.

use std::cmp::Ordering;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use lab::BOUND;
use openssl::ssl::{HandshakeError, Ssl, SslContext};
use openssl::x509::{X509, X509VerifyResult};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ServerConfig, ServerConnection, StreamOwned,
};

/// What a client of rustls saw of a server of OpenSSL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The serial of the leaf that the client holds now.
    pub serial: String,
    /// How many certificates were sent, leaf included.
    pub certificates: usize,
    /// Whether each of them was issued by the one behind it.
    pub in_order: bool,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// What was agreed on by ALPN. Empty where nothing was.
    pub protocol: String,
}

/// A client of rustls visits a server that accepts by this context. One byte is sent, so that the client has its
/// tickets, and knows that the server took it.
///
/// # Errors
/// The words of the side that objects. Where both do, those of the server.
///
/// # Panics
/// When the system gives no pair of sockets.
pub fn visit(server: &SslContext, client: &Arc<ClientConfig>) -> Result<Visit, String> {
    let (near, far) = pair();
    let server = Ssl::new(server).map_err(|error| error.to_string())?;
    thread::scope(|scope| {
        let accepting = scope.spawn(move || {
            let mut server = server.accept(far).map_err(objection)?;
            server.write_all(b"!").map_err(|error| error.to_string())
        });
        let name = "localhost".try_into().expect("a DNS name");
        let client = ClientConnection::new(client.clone(), name);
        let client = client.map_err(|error| error.to_string())?;
        let mut stream = StreamOwned::new(client, near);
        let got = stream.read_exact(&mut [0]);
        let client = &stream.conn;
        let seen = client.peer_certificates().map(|chain| Visit {
            serial: serial(chain),
            certificates: chain.len(),
            in_order: in_order(chain),
            resumed: client.handshake_kind() == Some(HandshakeKind::Resumed),
            protocol: String::from_utf8_lossy(client.alpn_protocol().unwrap_or_default()).into(),
        });
        drop(stream);
        accepting.join().expect("the server's thread")?;
        got.map_err(|error| error.to_string())?;
        seen.ok_or_else(|| "the server sent no certificate".to_owned())
    })
}

/// A client with this context calls a server of rustls that is called `localhost`. Returns the serial of the
/// certificate that the client showed.
///
/// # Errors
/// The words of the side that objects. Where both do, those of the client.
///
/// # Panics
/// When the system gives no pair of sockets.
pub fn call(client: &SslContext, server: &Arc<ServerConfig>) -> Result<String, String> {
    let (near, far) = pair();
    let said = |error: openssl::error::ErrorStack| error.to_string();
    let mut ssl = Ssl::new(client).map_err(said)?;
    ssl.set_hostname("localhost").map_err(said)?;
    ssl.param_mut().set_host("localhost").map_err(said)?;
    let server = ServerConnection::new(server.clone()).map_err(|error| error.to_string())?;
    thread::scope(|scope| {
        let accepting = scope.spawn(move || {
            let mut stream = StreamOwned::new(server, far);
            let sent = stream.write_all(b"!").and_then(|()| stream.flush());
            sent.map_err(|error| error.to_string())?;
            let chain = stream.conn.peer_certificates().map(serial);
            chain.ok_or_else(|| "the client showed no certificate".to_owned())
        });
        let connected = ssl.connect(near).map_err(objection);
        let connected = connected.and_then(|mut client| {
            let got = client.read_exact(&mut [0]);
            got.map_err(|error| error.to_string())
        });
        let shown = accepting.join().expect("the server's thread");
        connected.and(shown)
    })
}

/// What OpenSSL says, without the functions and lines of its own that it says it in.
fn objection(error: HandshakeError<UnixStream>) -> String {
    let HandshakeError::Failure(handshake) = &error else {
        return error.to_string();
    };
    let stack = handshake.error().ssl_error();
    let reason = stack.and_then(|stack| stack.errors().last()?.reason());
    let verified = handshake.ssl().verify_result();
    match reason {
        Some(reason) if verified != X509VerifyResult::OK => format!("{reason}: {verified}"),
        Some(reason) => reason.to_owned(),
        None => handshake.error().to_string(),
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().expect("a pair of sockets");
    for end in [&near, &far] {
        end.set_read_timeout(Some(BOUND)).expect("a timeout");
    }
    (near, far)
}

/// By the names alone. What does not parse is in no order.
fn in_order(chain: &[rustls::pki_types::CertificateDer<'_>]) -> bool {
    let parsed = chain.iter().map(|one| X509::from_der(one));
    let Ok(parsed) = parsed.collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let by_the_next = |pair: &[X509]| {
        let (issuer, next) = (pair[0].issuer_name(), pair[1].subject_name());
        issuer.try_cmp(next).is_ok_and(Ordering::is_eq)
    };
    parsed.windows(2).all(by_the_next)
}

fn serial(chain: &[rustls::pki_types::CertificateDer<'_>]) -> String {
    lab::chain::facts(chain).map_or_else(|error| error.to_string(), |facts| facts.serial)
}
