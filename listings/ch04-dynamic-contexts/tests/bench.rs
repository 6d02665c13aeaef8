//! What the tests of this chapter have in common: an agent with its files, and handshakes between two
//! contexts of OpenSSL.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use ch02_hot_reload::identity::Source;
use lab::BOUND;
use lab::agent::{Agent, Files, Strategy};
use lab::authority::Issued;
use openssl::ssl::{
    HandshakeError, Ssl, SslAcceptor, SslConnector, SslContext, SslFiletype, SslMethod, SslStream,
    SslVerifyMode,
};
use openssl::x509::X509Ref;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tempfile::TempDir;

pub struct Bench {
    _directory: TempDir,
    pub agent: Agent,
}

pub fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    Bench {
        _directory: directory,
        agent,
    }
}

impl Bench {
    pub fn source(&self) -> Source {
        Source::localhost(self.agent.files())
    }

    /// A client with no certificate, and with the trust anchors of the agent's peers.
    pub fn stranger(&self) -> SslConnector {
        let mut client = SslConnector::builder(SslMethod::tls_client()).unwrap();
        client.set_ca_file(self.agent.files().roots).unwrap();
        client.build()
    }

    /// The certificate of the next generation is there, and its key is not.
    pub fn tear(&mut self) -> Issued {
        let next = self.agent.issue().unwrap();
        fs::write(self.agent.files().certificate, &next.chain_pem).unwrap();
        next
    }
}

pub fn server_that_asks(files: &Files, asks: SslVerifyMode) -> SslContext {
    let mut server = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    server
        .set_certificate_chain_file(&files.certificate)
        .unwrap();
    server
        .set_private_key_file(&files.key, SslFiletype::PEM)
        .unwrap();
    server.set_ca_file(&files.roots).unwrap();
    server.set_verify(asks);
    server.build().into_context()
}

pub type End = SslStream<UnixStream>;

/// Completes a handshake over a pair of sockets, one byte each way included, so that the client
/// has its tickets and knows that the server took it.
pub fn handshake(server: &SslContext, client: Ssl) -> Result<(End, End), String> {
    let (near, far) = UnixStream::pair().unwrap();
    for end in [&near, &far] {
        end.set_read_timeout(Some(BOUND)).unwrap();
    }
    let server = Ssl::new(server).unwrap();
    thread::scope(|scope| {
        let accepting = scope.spawn(|| {
            let mut server = server.accept(far).map_err(objection)?;
            server.write_all(b"!").map_err(|error| error.to_string())?;
            Ok::<_, String>(server)
        });
        let connected = client.connect(near).map_err(objection);
        let connected = connected.and_then(|mut client| {
            let got = client.read_exact(&mut [0]);
            got.map(|()| client).map_err(|error| error.to_string())
        });
        // Where both sides object, it is the server's word that counts.
        let server = accepting.join().unwrap()?;
        Ok((connected?, server))
    })
}

pub fn objection(error: HandshakeError<UnixStream>) -> String {
    error.to_string()
}

pub fn serial(certificate: &X509Ref) -> String {
    let serial = certificate.serial_number().to_bn().unwrap();
    let serial = serial.to_hex_str().unwrap().to_lowercase();
    serial.trim_start_matches('0').to_owned()
}

pub fn shown_to(end: &End) -> String {
    serial(&end.ssl().peer_certificate().unwrap())
}

pub fn visit(server: &SslContext, client: &SslConnector) -> Result<String, String> {
    let client = client.configure().unwrap().into_ssl("localhost").unwrap();
    Ok(shown_to(&handshake(server, client)?.0))
}

/// The serial that a rustls client holds after its visit, and whether it resumed. OpenSSL's own
/// client can resume only by `unsafe` in Rust.
pub fn visit_again(
    server: &SslContext,
    client: &Arc<ClientConfig>,
) -> Result<(String, bool), String> {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_read_timeout(Some(BOUND)).unwrap();
    let server = Ssl::new(server).unwrap();
    thread::scope(|scope| {
        let accepting = scope.spawn(|| {
            let mut server = server.accept(far).map_err(objection)?;
            server.write_all(b"!").map_err(|error| error.to_string())?;
            Ok::<_, String>(server.ssl().session_reused())
        });
        let name = "localhost".try_into().unwrap();
        let client = ClientConnection::new(client.clone(), name).unwrap();
        let mut stream = StreamOwned::new(client, near);
        // The tickets of TLS 1.3 come with the first byte.
        let got = stream.read_exact(&mut [0]);
        let resumed = accepting.join().unwrap()?;
        got.map_err(|error| error.to_string())?;
        let chain = stream.conn.peer_certificates().unwrap();
        Ok((lab::chain::facts(chain).unwrap().serial, resumed))
    })
}
