//! An independent implementation agrees: OpenSSL as the client sees each new certificate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::log::want;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};

const ROTATIONS: usize = 20;

/// The serial that OpenSSL is shown, in the form of our log, after it has verified the chain.
fn probe(roots: &Path, server: SocketAddr, version: SslVersion) -> String {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_ca_file(roots).unwrap();
    connector.set_min_proto_version(Some(version)).unwrap();
    connector.set_max_proto_version(Some(version)).unwrap();
    let tcp = TcpStream::connect(server).unwrap();
    tcp.set_read_timeout(Some(BOUND)).unwrap();
    let mut stream = connector.build().connect("localhost", tcp).unwrap();
    stream.write_all(&1u32.to_be_bytes()).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let leaf = stream.ssl().peer_certificate().unwrap();
    let serial = leaf.serial_number().to_bn().unwrap().to_hex_str().unwrap();
    serial.to_lowercase().trim_start_matches('0').to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_sees_every_new_certificate() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Symlink).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"));
    let files = agent.files();
    let child = Child::spawn(program, Serve::command_line(&files), |_| ()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));
    for _ in 0..ROTATIONS {
        let issued = agent.rotate().unwrap();
        let loaded = want("identity_loaded").with("serial", issued.facts.serial.as_str());
        child.log().wait_for(&loaded, BOUND).await;
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            let roots = files.roots.clone();
            let seen = tokio::task::spawn_blocking(move || probe(&roots, server, version));
            assert_eq!(seen.await.unwrap(), issued.facts.serial);
        }
    }
}
