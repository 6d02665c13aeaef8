//! Clients that return after a rotation: who resumes under which policy, and what they are shown.

use std::fs;
use std::sync::Arc;

use ch02_hot_reload::Reload;
use ch06_in_flight_requests::tickets::Tickets;
use lab::authority::Authority;
use lab::client::{self, Options};
use lab::memory;
use rustls::client::{Resumption, Tls12Resumption};
use rustls::{ClientConfig, HandshakeKind};

use super::bench::{BY_GENERATION, Bench, REMEMBERED};

const CLIENTS: usize = 50;

#[derive(Clone, Copy, Debug)]
enum Session {
    /// TLS 1.3, with tickets.
    Tls13,
    /// TLS 1.2, with tickets.
    Tls12Ticket,
    /// TLS 1.2, with a session that the server remembers.
    Tls12Id,
}

const ALL: [Session; 3] = [Session::Tls13, Session::Tls12Ticket, Session::Tls12Id];

fn config(roots_pem: &str, session: Session) -> Arc<ClientConfig> {
    let options = Options {
        resume: true,
        tls12_only: !matches!(session, Session::Tls13),
        ..Options::default()
    };
    let config = client::config(roots_pem, options).unwrap();
    match session {
        Session::Tls12Id => {
            let mut config = Arc::unwrap_or_clone(config);
            config.resumption =
                Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly);
            Arc::new(config)
        }
        _ => config,
    }
}

/// Each client comes once: how many resumed, and which serial all of them now hold.
fn visit(bench: &Bench, clients: &[Arc<ClientConfig>]) -> (usize, String) {
    let server = bench.store.current().config.clone();
    let (mut resumed, mut serials) = (0, Vec::new());
    for client in clients {
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

/// Another trust anchor joins the file. The chain stays as it is.
fn change_trust(bench: &Bench) {
    let other = Authority::new().unwrap();
    let both = format!("{}{}", bench.agent.root_pem(), other.root_pem());
    fs::write(bench.agent.files().roots, both).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
}

/// How many of the clients resume after a change of the leaf, and then after one of trust.
fn resumed_after(tickets: Tickets, session: Session) -> [(usize, String); 2] {
    let mut bench = Bench::with(BY_GENERATION, tickets);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| config(bench.agent.root_pem(), session))
        .collect();
    assert_eq!(visit(&bench, &clients), (0, "1001".into()));
    bench.rotate();
    let leaf = visit(&bench, &clients);
    // A client without a session is shown the new one under every policy.
    let stranger = [config(bench.agent.root_pem(), session)];
    assert_eq!(visit(&bench, &stranger), (0, "1002".into()));
    change_trust(&bench);
    [leaf, visit(&bench, &clients)]
}

#[tokio::test]
async fn tickets_that_are_kept_are_resumed_under_the_old_certificate_until_trust_changes() {
    for session in ALL {
        let found = resumed_after(Tickets::KeepUnlessTrustChanged, session);
        let wanted = [(CLIENTS, "1001".into()), (0, "1002".into())];
        assert_eq!(found, wanted, "{session:?}");
    }
}

#[tokio::test]
async fn tickets_that_are_discarded_cost_every_client_a_full_handshake() {
    for session in ALL {
        let found = resumed_after(Tickets::Discard, session);
        let wanted = [(0, "1002".into()), (0, "1002".into())];
        assert_eq!(found, wanted, "{session:?}");
    }
}

/// The hole: nothing that a server changes is ever noticed by a client with a ticket.
#[tokio::test]
async fn tickets_that_are_always_kept_outlive_a_change_of_trust() {
    for session in ALL {
        let found = resumed_after(Tickets::Keep, session);
        let wanted = [(CLIENTS, "1001".into()), (CLIENTS, "1001".into())];
        assert_eq!(found, wanted, "{session:?}");
    }
}

/// The trap beside it: a cache that is too small turns away clients without a word.
#[tokio::test]
async fn a_session_cache_that_is_too_small_forgets() {
    let bench = Bench::new(BY_GENERATION);
    let clients: Vec<_> = (0..2 * REMEMBERED)
        .map(|_| config(bench.agent.root_pem(), Session::Tls12Id))
        .collect();
    visit(&bench, &clients);
    // The last who came are remembered, and nobody else.
    assert_eq!(visit(&bench, &clients[..REMEMBERED / 2]).0, 0);
}
