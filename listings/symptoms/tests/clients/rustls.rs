//! rustls, in this process.

use std::io;
use std::net::SocketAddr;

use lab::client::{self, Options};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bench::Bench;
use crate::capture::Scenes;
use crate::doors::Doors;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rustls() {
    let bench = Bench::new();
    let doors = Doors::open(&bench).await;
    let mut scenes = Scenes::of("rustls");
    for door in [
        "expired",
        "future",
        "other-name",
        "foreign",
        "client-only",
        "mutual",
        "old-protocol",
        "refusing",
        "plain",
        "closing",
        "half",
    ] {
        let said = connect(&bench, doors.port(door)).await.unwrap_err();
        scenes.add(door, said.to_string());
    }
    for files in ["mixed", "cut", "empty"] {
        scenes.add(files, load(&bench, files));
    }
    scenes.check().await;
}

async fn connect(bench: &Bench, port: u16) -> io::Result<()> {
    let roots = std::fs::read_to_string(bench.path("roots.pem"))?;
    let config = client::config(&roots, Options::default()).map_err(io::Error::other)?;
    let tcp = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let mut tls = TlsConnector::from(config).connect(name, tcp).await?;
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    tls.read_to_end(&mut Vec::new()).await.map(drop)
}

/// What rustls says of such files, when a server is made of them.
fn load(bench: &Bench, files: &str) -> String {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let chain = CertificateDer::pem_file_iter(bench.path(&format!("{files}.crt"))).unwrap();
    let chain: Vec<_> = match chain.collect() {
        Ok(chain) => chain,
        Err(error) => return error.to_string(),
    };
    let key = PrivateKeyDer::from_pem_file(bench.path(&format!("{files}.key"))).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key);
    config.unwrap_err().to_string()
}
