//! Clients that return after a rotation: who resumes under which policy, and what they are shown.

use std::sync::Arc;

use ch02_hot_reload::{Generation, Reload};
use ch06_in_flight_requests::session::{LIFE, Session};
use ch06_in_flight_requests::tickets::Tickets;
use lab::authority::Authority;
use lab::memory;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, HandshakeKind};

use super::bench::{BY_GENERATION, Bench, Keeps, REMEMBERED};

const CLIENTS: usize = 50;

fn config(roots_pem: &str, keeps: Keeps) -> Arc<ClientConfig> {
    Arc::new(keeps.config(roots_pem))
}

/// Each client comes once: how many resumed, and which serial all of them now hold.
fn visit(bench: &Bench, clients: &[Arc<ClientConfig>]) -> (usize, String) {
    let (mut resumed, mut serials) = (0, Vec::new());
    for client in clients {
        let server = Session::new(bench.store.current(), LIFE, |_| true).config();
        let (server, client) = memory::handshake(&server, client).unwrap();
        assert_eq!(server.handshake_kind(), client.handshake_kind());
        resumed += usize::from(client.handshake_kind() == Some(HandshakeKind::Resumed));
        let shown = lab::chain::facts(client.peer_certificates().unwrap());
        serials.push(shown.unwrap().serial);
    }
    serials.dedup();
    assert_eq!(
        serials.len(),
        1,
        "clients hold different chains: {serials:?}"
    );
    (resumed, serials.remove(0))
}

/// The file lists these trust anchors. The chain stays as it is.
fn trust(bench: &Bench, anchors: &[&str]) {
    bench.agent.write_roots(&anchors.concat()).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
}

/// How many of the clients resume after a change of the leaf, and then after a root is gone.
fn resumed_after(tickets: Tickets, keeps: Keeps) -> [(usize, String); 2] {
    let mut bench = Bench::with(BY_GENERATION, tickets);
    let own = bench.agent.root_pem().to_owned();
    trust(&bench, &[&own, Authority::new().unwrap().root_pem()]);
    let clients: Vec<_> = (0..CLIENTS).map(|_| config(&own, keeps)).collect();
    assert_eq!(visit(&bench, &clients), (0, "1001".into()));
    bench.rotate();
    let leaf = visit(&bench, &clients);
    // A client without a session is shown the new one under every policy.
    let stranger = [config(&own, keeps)];
    assert_eq!(visit(&bench, &stranger), (0, "1002".into()));
    trust(&bench, &[&own]);
    [leaf, visit(&bench, &clients)]
}

/// There are two trusts, and a loss in either ends the sessions: what a client was let in by, and what
/// the own chain is judged by.
#[tokio::test]
async fn a_loss_in_either_trust_discards() {
    let bench = Bench::new(BY_GENERATION);
    let current = bench.store.current();
    let anchors = current.identity.anchors.clone();
    let with = |own: usize, peers: usize| {
        let two = [&anchors[..], &[CertificateDer::from(vec![1])]].concat();
        let identity = current.identity.clone();
        let identity = identity.with_trust_anchors(two[..own].to_vec());
        identity.with_peer_anchors(two[..peers].to_vec())
    };
    let before = Generation {
        number: 1,
        identity: with(2, 2),
        config: current.config.clone(),
    };
    for (next, keeps) in [(with(2, 2), true), (with(1, 2), false), (with(2, 1), false)] {
        let config = (*current.config).clone();
        let config = bench.sessions.carry_over(config, &next, Some(&before));
        let kept = Arc::ptr_eq(&config.ticketer, &before.config.ticketer);
        assert_eq!(kept, keeps);
        let kept = Arc::ptr_eq(&config.session_storage, &before.config.session_storage);
        assert_eq!(kept, keeps);
    }
}

/// A server that renews for years keeps no list of keys that nobody holds.
#[tokio::test]
async fn keys_that_nobody_holds_are_forgotten() {
    let mut bench = Bench::with(BY_GENERATION, Tickets::Discard);
    for _ in 0..10 {
        bench.rotate();
    }
    let known = format!("{:?}", bench.sessions).matches("(Weak)").count();
    assert!(known <= 2, "{known} keys are listed after ten renewals");
}

/// What takes nothing away from anybody: one more root, another order, a root twice.
#[tokio::test]
async fn anchors_are_a_set() {
    let bench = Bench::new(BY_GENERATION);
    let own = bench.agent.root_pem().to_owned();
    let (b, c) = (Authority::new().unwrap(), Authority::new().unwrap());
    let (b, c) = (b.root_pem(), c.root_pem());
    let clients = Keeps::ALL.map(|keeps| config(&own, keeps));
    visit(&bench, &clients);
    for anchors in [
        vec![&own, b],
        vec![b, &own],
        vec![c, b, &own],
        vec![c, c, &own, b],
    ] {
        trust(&bench, &anchors);
        assert_eq!(visit(&bench, &clients), (3, "1001".into()));
    }
    // One is gone, and another has come: there are as many as before.
    trust(&bench, &[c, &own, c, c]);
    assert_eq!(visit(&bench, &clients).0, 0);
}

#[tokio::test]
async fn tickets_that_are_kept_are_resumed_under_the_old_certificate_until_trust_changes() {
    for keeps in Keeps::ALL {
        let found = resumed_after(Tickets::KeepUnlessTrustChanged, keeps);
        let wanted = [(CLIENTS, "1001".into()), (0, "1002".into())];
        assert_eq!(found, wanted, "{keeps:?}");
    }
}

#[tokio::test]
async fn tickets_that_are_discarded_cost_every_client_a_full_handshake() {
    for keeps in Keeps::ALL {
        let found = resumed_after(Tickets::Discard, keeps);
        let wanted = [(0, "1002".into()), (0, "1002".into())];
        assert_eq!(found, wanted, "{keeps:?}");
    }
}

/// The hole: nothing that a server changes is ever noticed by a client with a ticket.
#[tokio::test]
async fn tickets_that_are_always_kept_outlive_a_change_of_trust() {
    for keeps in Keeps::ALL {
        let found = resumed_after(Tickets::Keep, keeps);
        let wanted = [(CLIENTS, "1001".into()), (CLIENTS, "1001".into())];
        assert_eq!(found, wanted, "{keeps:?}");
    }
}

/// The trap beside it: a cache that is too small turns away clients without a word.
#[tokio::test]
async fn a_session_cache_that_is_too_small_forgets() {
    let bench = Bench::new(BY_GENERATION);
    let clients: Vec<_> = (0..2 * REMEMBERED)
        .map(|_| config(bench.agent.root_pem(), Keeps::Tls12Id))
        .collect();
    visit(&bench, &clients);
    // The last who came are remembered, and nobody else.
    assert_eq!(visit(&bench, &clients[..REMEMBERED / 2]).0, 0);
}
