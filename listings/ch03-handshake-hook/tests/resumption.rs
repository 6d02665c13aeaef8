//! A client that returns resumes, and is not shown the new certificate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::{CertResolver, hooked_config, serve};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::client::{self, Client, Options};
use lab::log::want;
use lab::memory;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, HandshakeKind, ServerConfig};
use tokio::net::TcpListener;

const CLIENTS: usize = 100;

/// Counts how often rustls asks.
#[derive(Debug)]
struct Counted {
    hook: CertResolver,
    asked: Arc<AtomicUsize>,
}

impl ResolvesServerCert for Counted {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.hook.resolve(hello)
    }
}

/// The serial that the client holds after its handshake, and whether it resumed.
fn visit(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>) -> (String, bool) {
    let (server, client) = memory::handshake(server, client).unwrap();
    assert_eq!(server.handshake_kind(), client.handshake_kind());
    let serial = lab::chain::facts(client.peer_certificates().unwrap())
        .unwrap()
        .serial;
    (
        serial,
        client.handshake_kind() == Some(HandshakeKind::Resumed),
    )
}

fn returning_clients_still_see_the_old_certificate(tls12_only: bool) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let source = Source::localhost(agent.files());
    let store = IdentityStore::start(source).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let server = hooked_config(Counted {
        hook: CertResolver(store.clone()),
        asked: asked.clone(),
    });
    let options = Options {
        resume: true,
        tls12_only,
        ..Options::default()
    };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| client::config(agent.root_pem(), options).unwrap())
        .collect();

    for client in &clients {
        assert_eq!(visit(&server, client), ("1001".into(), false));
    }
    agent.rotate().unwrap();
    store.reload();
    assert_eq!(asked.swap(0, Ordering::Relaxed), CLIENTS);
    for client in &clients {
        assert_eq!(
            visit(&server, client),
            ("1001".into(), true),
            "generation 2 is served"
        );
    }
    // rustls asks at every hello, and on resumption throws the answer away. Go does so too in TLS
    // 1.2, and in TLS 1.3 does not ask.
    assert_eq!(asked.load(Ordering::Relaxed), CLIENTS);

    // A client without a session is shown the new one at once.
    let stranger = client::config(agent.root_pem(), options).unwrap();
    assert_eq!(visit(&server, &stranger), ("1002".into(), false));

    // Chapter 2 swaps the whole configuration, the sessions with it: there nobody resumes.
    for client in &clients {
        let swapped = store.current().config.clone();
        assert_eq!(visit(&swapped, client), ("1002".into(), false));
    }
}

#[test]
fn with_tls_13() {
    returning_clients_still_see_the_old_certificate(false);
}

#[test]
fn with_tls_12() {
    returning_clients_still_see_the_old_certificate(true);
}

/// On resumption the hook is asked, and its answer shown to no client: the log claims no generation.
#[tokio::test]
async fn on_resumption_the_log_claims_no_generation() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let store = IdentityStore::start(Source::localhost(agent.files())).unwrap();
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve(listener, hooked_config(CertResolver(store.clone()))));
    let resume = Options {
        resume: true,
        ..Options::default()
    };
    let client = Client::new(agent.root_pem(), "localhost", resume).unwrap();
    client.probe(address).await.unwrap();
    agent.rotate().unwrap();
    store.reload();
    let seen = client.probe(address).await.unwrap();
    assert_eq!((seen.chain.serial.as_str(), seen.resumed), ("1001", true));
    let closed = want("connection_closed").with("connection", 2);
    log.wait_for(&closed, BOUND).await;
    log.assert_order(&[
        want("connection_opened")
            .with("generation", 1)
            .with("resumed", false),
        want("connection_opened")
            .with("generation", None::<u64>)
            .with("resumed", true),
        closed.with("generation", None::<u64>),
    ]);
    serving.abort();
}
