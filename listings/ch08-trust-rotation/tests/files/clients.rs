//! The four clients: they trust what the server's peers trust, and show the server's own pair where
//! they are asked for one.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use ch02_hot_reload::identity::Identity;
use ch02_hot_reload::message;
use ch08_trust_rotation::mutual;
use lab::BOUND;
use lab::agent::Files;
use openssl::pkey::PKey;
use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::kit::block;
use super::twins::{Twin, put};

/// What the clients of one kind of file are made from.
pub struct Clients<'a> {
    rustls: Arc<ClientConfig>,
    openssl: SslConnector,
    twins: &'a [Twin],
    files: Files,
}

impl<'a> Clients<'a> {
    /// Clients of a server that has loaded this. The files of the twins' clients go to `at`.
    pub fn new(identity: &Identity, twins: &'a [Twin], at: &Path) -> Self {
        let mut certified = (*identity.certified).clone();
        // Without what a server's chain was padded with, where that is more than a client may show.
        while message::length(&certified.cert) > message::LARGEST_OF_CLIENT {
            certified.cert.pop();
        }
        let shown = Identity {
            certified: Arc::new(certified),
            ..identity.clone()
        };
        let mut rustls = mutual::client_config(&shown).unwrap();
        rustls.alpn_protocols.clear();
        let pem = |chain: &[rustls::pki_types::CertificateDer<'_>]| -> String {
            chain
                .iter()
                .map(|der| block("CERTIFICATE", der, 64))
                .collect()
        };
        let key = PKey::private_key_from_der(shown.key.secret_der()).unwrap();
        let key = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let (chain, roots) = (pem(&shown.certified.cert), pem(&identity.anchors));
        Self {
            rustls: Arc::new(rustls),
            openssl: openssl_client(&shown),
            twins,
            files: put(at, &chain, &key, &roots),
        }
    }

    /// Whether each client can use the server on this port, or what it says. One whose name is in `fails`
    /// cannot, and says this.
    pub fn use_it(&self, port: u16, fails: &BTreeMap<String, String>) -> Result<(), String> {
        let ours = [
            ("rustls", self.visit_by_rustls(port)),
            ("openssl", self.visit_by_openssl(port)),
        ];
        let theirs = self.twins.iter();
        let theirs = theirs.map(|twin| (twin.name, twin.visit(&self.files, port)));
        let mut complaints = Vec::new();
        for (client, said) in ours.into_iter().chain(theirs) {
            match (said, fails.get(client)) {
                (Ok(()), None) => {}
                (Err(why), Some(expected)) if why.contains(expected) => {}
                (Ok(()), Some(_)) => complaints.push(format!("the {client} client can use it")),
                (Err(why), _) => complaints.push(format!("the {client} client: {why}")),
            }
        }
        match complaints.is_empty() {
            true => Ok(()),
            false => Err(format!("loaded, and {}", complaints.join(", "))),
        }
    }

    fn visit_by_rustls(&self, port: u16) -> Result<(), String> {
        let name = "localhost".try_into().unwrap();
        let client = ClientConnection::new(self.rustls.clone(), name).unwrap();
        let mut stream = StreamOwned::new(client, connect(port));
        talk(&mut stream)
    }

    fn visit_by_openssl(&self, port: u16) -> Result<(), String> {
        let connected = self.openssl.connect("localhost", connect(port));
        talk(&mut connected.map_err(|why| why.to_string())?)
    }
}

fn connect(port: u16) -> TcpStream {
    let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_read_timeout(Some(BOUND)).unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp
}

/// Asks for a byte, in the lab's protocol.
fn talk(stream: &mut (impl Read + Write)) -> Result<(), String> {
    let asked = stream.write_all(&1u32.to_be_bytes());
    let got = asked.and_then(|()| stream.read_exact(&mut [0]));
    got.map_err(|why| why.to_string())
}

fn openssl_client(identity: &Identity) -> SslConnector {
    let mut client = SslConnector::builder(SslMethod::tls_client()).unwrap();
    let mut anchors = X509StoreBuilder::new().unwrap();
    for anchor in &identity.anchors {
        // It does not take the same one twice.
        let _ = anchors.add_cert(X509::from_der(anchor).unwrap());
    }
    client.set_cert_store(anchors.build());
    let chain = identity.certified.cert.iter();
    let mut chain = chain.map(|der| X509::from_der(der).unwrap());
    client.set_certificate(&chain.next().unwrap()).unwrap();
    for other in chain {
        client.add_extra_chain_cert(other).unwrap();
    }
    let key = PKey::private_key_from_der(identity.key.secret_der()).unwrap();
    client.set_private_key(&key).unwrap();
    client.build()
}
