//! Clients that come to a server which asks them for a certificate, each of them wrong in one way.

use std::net::SocketAddr;

use lab::client::{self, Options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bench::Bench;

/// A client of TLS 1.1 says hello (RFC 4346, section 7.4.1.2).
fn old_hello() -> Vec<u8> {
    let mut body = vec![3, 2];
    body.extend([7; 32]);
    // No session, two cipher suites, no compression, no extension.
    body.extend([0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut hello = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    hello.extend(body);
    hello
}

/// Comes once in each way: without a certificate, with one that has expired, with one of an authority that the
/// server does not know, with roots that do not have the server's, without TLS, with TLS 1.1, and with nothing.
pub async fn wrong(bench: &Bench, port: u16) {
    for (identity, roots) in [
        (None, "roots.pem"),
        (Some("expired"), "roots.pem"),
        (Some("foreign"), "roots.pem"),
        (None, "other-roots.pem"),
    ] {
        // What the server says of it is what is looked for.
        let _ = tls(bench, port, identity, roots).await;
    }
    let plain = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for bytes in [plain, &old_hello()[..], b""] {
        let _ = say(port, bytes).await;
    }
}

/// Asks by HTTP in TLS, and returns the answer.
pub async fn tls(
    bench: &Bench,
    port: u16,
    identity: Option<&str>,
    roots: &str,
) -> std::io::Result<String> {
    let roots = std::fs::read_to_string(bench.path(roots))?;
    let mut config = client::config(&roots, Options::default())?;
    if let Some(identity) = identity {
        config = with_identity(bench, identity, config);
    }
    let tcp = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
    let mut tls = TlsConnector::from(config).connect(name, tcp).await?;
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    tls.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn with_identity(
    bench: &Bench,
    identity: &str,
    config: std::sync::Arc<rustls::ClientConfig>,
) -> std::sync::Arc<rustls::ClientConfig> {
    let chain = CertificateDer::pem_file_iter(bench.path(&format!("{identity}.crt"))).unwrap();
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(bench.path(&format!("{identity}.key"))).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = rustls::sign::CertifiedKey::from_der(chain, key, &provider).unwrap();
    let mut config = std::sync::Arc::unwrap_or_clone(config);
    let always = rustls::sign::SingleCertAndKey::from(certified);
    config.client_auth_cert_resolver = std::sync::Arc::new(always);
    config.into()
}

/// Says this over TCP, and returns the answer.
pub async fn say(port: u16, bytes: &[u8]) -> std::io::Result<String> {
    let mut tcp = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    tcp.write_all(bytes).await?;
    if bytes.is_empty() {
        tcp.shutdown().await?;
    }
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Asks by HTTP for this path, and returns the answer.
pub async fn http(port: u16, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = tokio::time::timeout(lab::BOUND, say(port, request.as_bytes())).await;
    let answer = answer.unwrap_or_else(|_| panic!("waited for an answer to GET {path}"));
    answer.unwrap_or_else(|error| panic!("GET {path}: {error}"))
}
