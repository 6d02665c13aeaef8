//! What it costs to look once more at each client's certificate, beside the handshake itself.
//!
//! Both ends run in memory, on one thread. Times of handshakes are of both ends together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{self, Identity};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::roots::Roots;
use lab::authority::Authority;
use lab::client::Options;
use lab::{memory, mutual};
use rustls::{ClientConfig, HandshakeKind};

const TURNS: u32 = 500;

fn main() {
    let named = |name| Authority::named(name).unwrap();
    let (mut a, b) = (named("Root A"), named("Root B"));
    let party = Party::new(&mut a, 0x1001).unwrap();
    let leaf = issue(&mut a, 0x1002).unwrap();
    let sessions = Sessions::new(Tickets::KeepUnlessTrustChanged, 0);
    let roots = Roots::new(party.source(), sessions, Duration::ZERO);
    let read = Box::new(|source: &_, _: Option<&Identity>| identity::read(source));
    let store = IdentityStore::start_by(roots.loader(read), party.source()).unwrap();
    let client = |resume| {
        let options = Options {
            resume,
            ..Options::default()
        };
        mutual::client_config(&leaf, a.root_pem(), options).unwrap()
    };
    let full = client(false);
    let resuming = client(true);

    for trusted in 1..=2 {
        if trusted == 2 {
            party.trust(&[&a, &b]).unwrap();
            store.reload();
        }
        handshake(&store, &resuming);
        let whole = time(|| {
            assert_ne!(handshake(&store, &full), Some(HandshakeKind::Resumed));
        });
        let short = time(|| {
            assert_eq!(handshake(&store, &resuming), Some(HandshakeKind::Resumed));
        });
        let generation = store.current();
        let (server, _) = memory::handshake(&generation.config, &full).unwrap();
        let chain = server.peer_certificates().unwrap();
        let look = time(|| drop(roots.let_in(&store, &generation, chain).unwrap()));
        println!(
            "{trusted} root{}: full handshake {} µs, resumed {} µs, second look {} µs: {:.0} % and {:.0} % more",
            if trusted == 1 { "" } else { "s" },
            whole.as_micros(),
            short.as_micros(),
            look.as_micros(),
            100.0 * look.as_secs_f64() / whole.as_secs_f64(),
            100.0 * look.as_secs_f64() / short.as_secs_f64(),
        );
    }
}

fn handshake(store: &IdentityStore, client: &Arc<ClientConfig>) -> Option<HandshakeKind> {
    let (server, _) = memory::handshake(&store.current().config, client).unwrap();
    server.handshake_kind()
}

/// The mean of many turns.
fn time(mut turn: impl FnMut()) -> Duration {
    let started = Instant::now();
    for _ in 0..TURNS {
        turn();
    }
    started.elapsed() / TURNS
}
