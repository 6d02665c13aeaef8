//! What a client rejects is told apart: the chain of an authority that has the name of the trusted one, and
//! a handshake that was not signed by the leaf's key. rustls has one word for both.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::server_config;
use lab::authority::{Authority, Issued, LeafRequest};
use lab::wire;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, TokioRuntime};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use zdr::attempt::FailureKind;
use zdr::load::failure::Failed;
use zdr::load::{Chains, Target};
use zdr::server::spec::{Keys, Protocol};

/// A server of the lab's protocol, and one of QUIC on the same port, that show this chain and sign with this
/// key, whether they belong together or not.
async fn server(trusted: &Authority, chain: &Issued, key: &Issued) -> Target {
    let chains = Chains::default();
    chains.add(chain);
    let chain = CertificateDer::pem_slice_iter(chain.chain_pem.as_bytes());
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key.key.expose().as_bytes()).unwrap();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let pair = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    let config = server_config().with_cert_resolver(Arc::new(pair));
    // The UDP port of the same number may be that of a client at this moment.
    let (listener, udp) = loop {
        let listener = TcpListener::bind(lab::any_port()).await.unwrap();
        if let Ok(udp) = UdpSocket::bind(listener.local_addr().unwrap()) {
            break (listener, udp);
        }
    };
    let address = listener.local_addr().unwrap();
    tokio::spawn(quic(udp, config.clone()));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(tcp).await {
                    let _ = wire::serve(&mut stream).await;
                }
            });
        }
    });
    Target {
        address: watch::channel(address).1,
        name: "localhost".into(),
        roots_pem: trusted.root_pem().to_owned(),
        protocol: Protocol::Lab,
        told: Arc::default(),
        download: None,
        upload: None,
        websocket: None,
        grpc: false,
        http3: true,
        kinds: None,
        sibling: None,
        identity: None,
        key_log: None,
        // A busy machine is slow.
        patience: Duration::from_secs(20),
        chains: Arc::new(chains),
        read_ahead: Arc::default(),
        usual: Arc::default(),
    }
}

/// Completes handshakes of QUIC, and says nothing more.
async fn quic(socket: UdpSocket, mut config: ServerConfig) {
    config.alpn_protocols = vec![b"h3".to_vec()];
    let config = QuicServerConfig::try_from(config).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(config));
    let (options, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
    let endpoint = Endpoint::new(options, Some(config), socket, runtime).unwrap();
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            if let Ok(connection) = incoming.await {
                connection.closed().await;
            }
        });
    }
}

/// How clients fail: by TLS 1.3, by TLS 1.2, and by QUIC.
async fn failures(target: &Target) -> [Failed; 3] {
    let tls13 = target.client(None, false, None).unwrap();
    let tls12 = target.tls12_client().unwrap();
    let quic = target.quic_client().unwrap();
    [
        target.probe(&tls13).await.1.unwrap_err(),
        target.probe(&tls12).await.1.unwrap_err(),
        target.probe_quic(&quic).await.1.unwrap_err(),
    ]
}

fn issue(authority: &mut Authority) -> Issued {
    authority.issue(&LeafRequest::new("localhost")).unwrap()
}

#[tokio::test]
async fn an_authority_of_the_same_name_is_not_a_key_that_does_not_belong() {
    let (mut trusted, mut namesake) = (Authority::new().unwrap(), Authority::new().unwrap());
    let theirs = issue(&mut namesake);
    for failed in failures(&server(&trusted, &theirs, &theirs).await).await {
        assert_eq!(failed.kind, FailureKind::UnknownIssuer, "{failed:?}");
        let said = "the name of an authority that is trusted, and another key";
        assert!(failed.error.contains(said), "{failed:?}");
    }
    let (chain, key) = (issue(&mut trusted), issue(&mut trusted));
    for failed in failures(&server(&trusted, &chain, &key).await).await {
        assert_eq!(failed.kind, FailureKind::WrongKey, "{failed:?}");
    }
}

/// Clients that take one kind of key alone do not connect to a server that has the other.
#[tokio::test]
async fn a_client_takes_one_kind_of_key() {
    let mut trusted = Authority::new().unwrap();
    let issued = issue(&mut trusted);
    let mut target = server(&trusted, &issued, &issued).await;
    target.kinds = Some((Keys::Ecdsa, Keys::Ed25519));
    let client = target.client(None, false, None).unwrap();
    assert!(target.probe(&client).await.1.is_ok());
    for failed in failures(&target.second().unwrap()).await {
        // Whether the server's alert comes through before it closes is a race.
        let kinds = [FailureKind::Alert, FailureKind::HandshakeCut];
        assert!(kinds.contains(&failed.kind), "{failed:?}");
    }
}
