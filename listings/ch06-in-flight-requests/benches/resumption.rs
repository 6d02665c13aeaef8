//! What a rotation costs the server under each policy for tickets: 1,000 clients who have been
//! there return once after a change of the leaf, and once after a change of trust.
//!
//! Both ends run in memory, on one thread. Times are of both ends together.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::session::{LIFE, Session};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use lab::agent::{Agent, Strategy};
use lab::authority::Authority;
use lab::client::{self, Options};
use lab::memory;
use rustls::{ClientConfig, HandshakeKind};

const CLIENTS: usize = 1000;
const POLICIES: [Tickets; 3] = [
    Tickets::Keep,
    Tickets::KeepUnlessTrustChanged,
    Tickets::Discard,
];

fn main() {
    for (tls12_only, version) in [(false, "1.3"), (true, "1.2")] {
        for tickets in POLICIES {
            let (leaf, trust) = after_rotation(tickets, tls12_only);
            println!(
                "TLS {version}, {tickets:?}: full handshakes of {CLIENTS} after a change of the leaf \
                 {}, of trust {}; time of the first {:.2} of {CLIENTS} full ones",
                leaf.full, trust.full, leaf.ratio
            );
        }
    }
}

struct Visit {
    full: usize,
    ratio: f64,
}

fn after_rotation(tickets: Tickets, tls12_only: bool) -> (Visit, Visit) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let source = Source::localhost(agent.files());
    let sessions = Sessions::new(tickets, CLIENTS);
    let other = Authority::new().unwrap();
    let both = format!("{}{}", agent.root_pem(), other.root_pem());
    fs::write(agent.files().roots, both).unwrap();
    // What is gone is believed at once.
    let care = Care {
        settle: Duration::ZERO,
        ..Care::default()
    };
    let store = IdentityStore::start_by(sessions.loader(Reader::new(care)), source).unwrap();
    let options = Options {
        resume: true,
        tls12_only,
        ..Options::default()
    };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| client::config(agent.root_pem(), options).unwrap())
        .collect();
    let (full, whole) = visit(&store, &clients);
    assert_eq!(full, CLIENTS);

    let mut return_after = |change: &mut dyn FnMut(&mut Agent)| {
        change(&mut agent);
        assert!(matches!(store.reload(), Reload::Loaded(_)));
        let (full, time) = visit(&store, &clients);
        Visit {
            full,
            ratio: time.as_secs_f64() / whole.as_secs_f64(),
        }
    };
    let leaf = return_after(&mut |agent| drop(agent.rotate().unwrap()));
    let trust = return_after(&mut |agent| {
        fs::write(agent.files().roots, agent.root_pem()).unwrap();
    });
    (leaf, trust)
}

/// Each client comes once: how many handshakes were full, and how long all took.
fn visit(store: &IdentityStore, clients: &[Arc<ClientConfig>]) -> (usize, Duration) {
    let started = Instant::now();
    let full = clients.iter().filter(|client| {
        let server = Session::new(store.current(), LIFE, |_| true).config();
        let (_, client) = memory::handshake(&server, client).unwrap();
        client.handshake_kind() != Some(HandshakeKind::Resumed)
    });
    (full.count(), started.elapsed())
}
