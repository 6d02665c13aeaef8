//! Servers that are wrong in one way each, for the clients of others.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::bench::{Bench, Port};
use crate::goaway;

/// What happens at a door.
#[derive(Clone)]
enum Door {
    /// TLS with an identity; then an answer.
    Tls(Arc<ServerConfig>, Answer),
    /// The same, behind PostgreSQL's request for TLS.
    Postgres(Arc<ServerConfig>),
    /// These bytes for whatever comes first.
    Bytes(&'static [u8]),
    /// A reset for whatever comes first.
    Reset,
}

/// What a client gets when it has asked.
#[derive(Clone, Copy)]
enum Answer {
    Whole,
    /// Nothing, and a proper end.
    None,
    /// A half, and no end.
    Half,
    /// By HTTP/2: to go away.
    GoAway,
}

/// The identities of the bench that are shown.
const IDENTITIES: [&str; 12] = [
    "good",
    "expired",
    "future",
    "other-name",
    "bare",
    "rooted",
    "old-authority",
    "foreign",
    "self-signed",
    "client-only",
    "nameless",
    "revoked",
];

/// Doors on ports of their own, which are closed with the runtime of the test.
pub struct Doors {
    ports: BTreeMap<String, u16>,
    /// Nobody listens there.
    _unheard: Port,
}

impl Doors {
    /// Opens one for each identity, and `mutual`, `mutual-1.2`, `none`, `half`, `goaway`, `plain`, `old-protocol`, `refusing`, `closing`,
    /// `reset` and `unheard`.
    pub async fn open(bench: &Bench) -> Self {
        let unheard = Port::new();
        let mut doors = Self {
            ports: BTreeMap::from([("unheard".to_owned(), unheard.number())]),
            _unheard: unheard,
        };
        for name in IDENTITIES {
            let config = config(bench, name, Asks::Nothing);
            let postgres = format!("postgres-{name}");
            doors.add(&postgres, Door::Postgres(config.clone())).await;
            doors.add(name, Door::Tls(config, Answer::Whole)).await;
        }
        let [good, mutual, mutual_12] = [Asks::Nothing, Asks::Certificate, Asks::CertificateIn12]
            .map(|asks| config(bench, "good", asks));
        // Alerts of the record layer (RFC 9846, section 6.2): protocol_version, and handshake_failure.
        const OLD: &[u8] = &[0x15, 3, 1, 0, 2, 2, 70];
        const REFUSING: &[u8] = &[0x15, 3, 3, 0, 2, 2, 40];
        const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nplain\n";
        for (name, door) in [
            ("none", Door::Tls(good.clone(), Answer::None)),
            ("half", Door::Tls(good.clone(), Answer::Half)),
            ("goaway", Door::Tls(http2(&good), Answer::GoAway)),
            ("mutual", Door::Tls(mutual.clone(), Answer::Whole)),
            ("mutual-1.2", Door::Tls(mutual_12, Answer::Whole)),
            ("postgres-mutual", Door::Postgres(mutual)),
            ("postgres-refusing", Door::Bytes(b"N")),
            ("plain", Door::Bytes(PLAIN)),
            ("old-protocol", Door::Bytes(OLD)),
            ("refusing", Door::Bytes(REFUSING)),
            ("closing", Door::Bytes(b"")),
            ("reset", Door::Reset),
        ] {
            doors.add(name, door).await;
        }
        doors
    }

    async fn add(&mut self, name: &str, door: Door) {
        let listener = TcpListener::bind(lab::any_port()).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        self.ports.insert(name.to_owned(), port);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(tcp, door.clone()));
            }
        });
    }

    /// The port of this door.
    pub fn port(&self, name: &str) -> u16 {
        let port = self.ports.get(name);
        *port.unwrap_or_else(|| panic!("no door `{name}`"))
    }
}

/// What a door asks of its clients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    Certificate,
    /// In TLS 1.2 alone, where the refusal comes before the client takes the handshake for done.
    CertificateIn12,
}

fn config(bench: &Bench, identity: &str, asks: Asks) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificates = |name: &str| {
        let found = CertificateDer::pem_file_iter(bench.path(name)).unwrap();
        found.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let key = PrivateKeyDer::from_pem_file(bench.path(&format!("{identity}.key"))).unwrap();
    let versions = match asks {
        Asks::CertificateIn12 => &[&rustls::version::TLS12],
        _ => rustls::ALL_VERSIONS,
    };
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match asks {
        Asks::Nothing => builder.with_no_client_auth(),
        _ => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates("roots.pem"));
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = certificates(&format!("{identity}.crt"));
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// The same for clients of HTTP/2 (RFC 7301).
fn http2(config: &ServerConfig) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.into()
}

/// Nobody here cares whether the client was content: it tells what it met.
async fn serve(mut tcp: TcpStream, door: Door) {
    let mut asked = [0; 4096];
    match door {
        Door::Bytes(bytes) => {
            let _ = tcp.read(&mut asked).await;
            let _ = tcp.write_all(bytes).await;
            let _ = tcp.shutdown().await;
            // What is unread when a socket is closed becomes a reset.
            while tcp.read(&mut asked).await.is_ok_and(|read| read > 0) {}
        }
        Door::Reset => {
            let _ = tcp.read(&mut asked).await;
            let _ = SockRef::from(&tcp).set_linger(Some(std::time::Duration::ZERO));
        }
        Door::Postgres(config) => {
            // A request for TLS is eight bytes (PostgreSQL's documentation, SSLRequest).
            if tcp.read_exact(&mut asked[..8]).await.is_ok() {
                let _ = tcp.write_all(b"S").await;
                let _ = answer(tcp, config, Answer::None).await;
            }
        }
        Door::Tls(config, what) => {
            let _ = answer(tcp, config, what).await;
        }
    }
}

async fn answer(tcp: TcpStream, config: Arc<ServerConfig>, what: Answer) -> std::io::Result<()> {
    let mut tls = match TlsAcceptor::from(config).accept(tcp).into_fallible().await {
        Ok(tls) => tls,
        // What is unread when a socket is closed becomes a reset, and that could overtake the alert.
        Err((error, mut tcp)) => {
            tcp.shutdown().await?;
            while tcp.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
            return Err(error);
        }
    };
    if let Answer::GoAway = what {
        return goaway::drain(tls).await;
    }
    let mut asked = [0; 4096];
    if tls.read(&mut asked).await? == 0 {
        return Ok(());
    }
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n";
    match what {
        Answer::Whole => {
            tls.write_all(HEAD).await?;
            tls.write_all(&[b'x'; 1000]).await?;
        }
        Answer::None | Answer::GoAway => {}
        Answer::Half => {
            tls.write_all(HEAD).await?;
            tls.write_all(&[b'x'; 500]).await?;
            // The end of TCP, without that of TLS.
            let (mut tcp, _) = tls.into_inner();
            return tcp.shutdown().await;
        }
    }
    tls.shutdown().await
}
