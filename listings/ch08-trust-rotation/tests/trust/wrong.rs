//! How it naturally goes wrong: each test shows the defect, and then ours in the same place.

use std::sync::Arc;

use ch02_hot_reload::identity::{self, Identity};
use ch02_hot_reload::{IdentityStore, Loader};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch08_trust_rotation::mutual::server_config;
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::wrong::{
    Apart, believes_the_file, reads_roots_once, reloads_from_defaults,
};
use lab::authority::{Authority, Issued};
use lab::memory;
use rustls::{ClientConfig, HandshakeKind, ServerConfig};

use super::bench::{Bench, Session, named, sessions};

/// A server built by another loader.
struct Wrong {
    a: Authority,
    b: Authority,
    party: Party,
    store: Arc<IdentityStore>,
}

impl Wrong {
    fn new(loader: Loader) -> Self {
        let (mut a, b) = (named("Root A"), named("Root B"));
        let party = Party::new(&mut a, 0x1001).unwrap();
        let store = IdentityStore::start_by(loader, party.source()).unwrap();
        Self { a, b, party, store }
    }

    fn look(&self) {
        self.store.reload_and_log();
    }

    /// Add, reissue, remove, as fast as files can be written.
    fn rotate(&mut self) {
        self.party.trust(&[&self.a, &self.b]).unwrap();
        self.look();
        self.party
            .show(&issue(&mut self.b, 0x2001).unwrap())
            .unwrap();
        self.look();
        self.party.trust(&[&self.b]).unwrap();
        self.look();
    }

    fn lets_in(&self, client: &Arc<ClientConfig>) -> bool {
        handshake(&self.store.current().config, client).is_some()
    }
}

/// How the handshake went, where it did not fail. In TLS 1.3 it fails after the client is done, so
/// both ends are asked.
fn handshake(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>) -> Option<HandshakeKind> {
    memory::handshake(server, client)
        .ok()
        .and_then(|(server, _)| server.handshake_kind())
}

// ANCHOR: defaults
#[tokio::test(start_paused = true)]
async fn a_reload_from_defaults_asks_nobody_any_more() {
    let mut wrong = Wrong::new(reloads_from_defaults());
    let nobody = Session::Tls13.config(None, &[&wrong.a]);
    assert!(!wrong.lets_in(&nobody));
    let renewed = issue(&mut wrong.a, 0x1002).unwrap();
    wrong.party.show(&renewed).unwrap();
    wrong.look();
    assert!(wrong.lets_in(&nobody), "one renewal, and the door is open");

    let mut bench = Bench::new();
    let nobody = Session::Tls13.config(None, &[&bench.a]);
    assert!(bench.call(&nobody).await.is_err());
    let renewed = issue(&mut bench.a, 0x1002).unwrap();
    bench.party.show(&renewed).unwrap();
    bench.look();
    assert_eq!(bench.store.current().number, 2);
    assert!(bench.call(&nobody).await.is_err());
}
// ANCHOR_END: defaults

/// CVE-2025-68121: the roots have changed, and the keys of the tickets have not.
#[test]
fn a_session_outlives_its_root_where_tickets_are_kept() {
    for session in Session::ALL {
        for (tickets, comes_back) in [
            (Tickets::Keep, true),
            (Tickets::KeepUnlessTrustChanged, false),
        ] {
            let mut wrong = Wrong::new(believes_the_file(Sessions::new(tickets, 64)));
            let leaf = issue(&mut wrong.a, 0x1002).unwrap();
            let client = session.config(Some(&leaf), &[&wrong.a, &wrong.b]);
            assert!(wrong.lets_in(&client));
            wrong.rotate();
            let fresh = session.config(Some(&leaf), &[&wrong.a, &wrong.b]);
            assert!(!wrong.lets_in(&fresh), "the root is gone");
            assert_eq!(
                wrong.lets_in(&client),
                comes_back,
                "{tickets:?} {session:?}"
            );
        }
    }
}

/// The same where the roots for clients have a file of their own, and those of the server's chain
/// never change.
#[test]
fn a_session_ends_with_a_root_for_clients() {
    let (mut a, b, mut public) = (named("Root A"), named("Root B"), named("Public"));
    let party = Party::apart(&mut public, 0x3001, &[&a, &b]).unwrap();
    let store = IdentityStore::start_by(believes_the_file(sessions()), party.source()).unwrap();
    let leaf = issue(&mut a, 0x1002).unwrap();
    let client = Session::Tls13.config(Some(&leaf), &[&public]);
    assert!(handshake(&store.current().config, &client).is_some());
    let again = handshake(&store.current().config, &client);
    assert_eq!(again, Some(HandshakeKind::Resumed));
    party.trust(&[&b]).unwrap();
    store.reload();
    assert_eq!(handshake(&store.current().config, &client), None);
}

/// CVE-2025-23419: a session that one policy let in is resumed at another, by the same keys.
#[tokio::test(start_paused = true)]
async fn a_session_of_another_policy_is_resumed_where_keys_are_shared() {
    for session in Session::ALL {
        let wrong = Wrong::new(believes_the_file(sessions()));
        // Two virtual servers in one process: the first trusts Root B, the second Root A.
        let mut b = wrong.b;
        let first = Party::new(&mut b, 0x2001).unwrap();
        let identity = identity::read(&first.source()).unwrap();
        let second = wrong.store.current();
        let mut config = server_config(&identity).unwrap();
        config.ticketer = second.config.ticketer.clone();
        config.session_storage = second.config.session_storage.clone();
        let leaf = issue(&mut b, 0x2002).unwrap();
        let client = session.config(Some(&leaf), &[&wrong.a, &b]);
        assert_eq!(handshake(&second.config, &client), None);
        handshake(&Arc::new(config), &client).unwrap();
        assert_eq!(
            handshake(&second.config, &client),
            Some(HandshakeKind::Resumed),
            "{session:?}"
        );
    }
}

// ANCHOR: apart
#[tokio::test(start_paused = true)]
async fn between_two_publications_nobody_gets_in() {
    let (mut a, mut b) = (named("Root A"), named("Root B"));
    let read = |party: Party| identity::read(&party.source()).unwrap();
    let old = read(Party::new(&mut a, 0x1001).unwrap());
    let new = read(Party::new(&mut b, 0x2001).unwrap());
    let of = |issuer: &mut Authority, serial| issue(issuer, serial).unwrap();
    let (of_a, of_b) = (of(&mut a, 0x1002), of(&mut b, 0x2002));
    // The clients are cut over at one moment, too: the old ones know Root A alone, the new Root B.
    let who_gets_in = |server: &Identity| {
        let server = Arc::new(server_config(server).unwrap());
        [(&of_a, &a), (&of_b, &b)].map(|(leaf, root): (&Issued, &Authority)| {
            let client = Session::Tls13.config(Some(leaf), &[root]);
            handshake(&server, &client).is_some()
        })
    };

    let apart = Apart::new(old.clone());
    let now = || {
        let (pair, roots) = apart.parts();
        who_gets_in(&pair.with_trust_anchors(roots))
    };
    let mut seen = vec![now()];
    apart.publish(new.clone(), || seen.push(now()));
    seen.push(now());
    assert_eq!(seen, [[true, false], [false, false], [false, true]]);

    // In one generation: the old, or the new.
    assert_eq!(who_gets_in(&old), [true, false]);
    assert_eq!(who_gets_in(&new), [false, true]);
}
// ANCHOR_END: apart

/// kubernetes#119483, linkerd2#13613: the roots are read at the start.
#[tokio::test(start_paused = true)]
async fn roots_that_are_read_once_turn_the_new_clients_away() {
    let mut wrong = Wrong::new(reads_roots_once());
    let leaf = issue(&mut wrong.b, 0x2002).unwrap();
    let client = Session::Tls13.config(Some(&leaf), &[&wrong.a, &wrong.b]);
    wrong.party.trust(&[&wrong.a, &wrong.b]).unwrap();
    wrong.look();
    assert!(!wrong.lets_in(&client), "the file lists its root");

    let mut bench = Bench::new();
    let leaf = issue(&mut bench.b, 0x2002).unwrap();
    let client = Session::Tls13.config(Some(&leaf), &[&bench.a, &bench.b]);
    assert!(bench.call(&client).await.is_err());
    bench.list(&[&bench.a, &bench.b]);
    bench.call(&client).await.unwrap();
}
