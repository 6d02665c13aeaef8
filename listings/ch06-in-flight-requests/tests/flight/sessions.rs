//! Which generation a client is of that comes back, and how its session ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ch02_hot_reload::Generation;
use ch02_hot_reload::arguments::Serve;
use ch06_in_flight_requests::Retirement;
use ch06_in_flight_requests::held::Held;
use ch06_in_flight_requests::session::{LIFE, Session};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::Client;
use lab::log::{Want, want};
use lab::memory;
use parking_lot::Mutex;
use rustix::process::Signal;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{HandshakeKind, ServerConfig};

use super::bench::{BY_GENERATION, Bench, GRACE, Keeps};

/// Nothing is retired.
const PATIENT: Retirement = Retirement {
    lag: 1000,
    ..BY_GENERATION
};

fn opened(generation: u64, resumed: bool) -> Want {
    let opened = want("connection_opened").with("generation", generation);
    opened.with("resumed", resumed)
}

/// However many rotations and resumptions lie in between: it lives under the generation whose
/// certificate it was shown.
#[tokio::test(start_paused = true)]
async fn a_resumed_session_is_of_the_generation_that_it_began_with() {
    for keeps in Keeps::ALL {
        let mut bench = Bench::new(PATIENT);
        let client = bench.client(keeps.config(bench.agent.root_pem()));
        bench.visit(&client).await.unwrap();
        for returns in 1..=3 {
            bench.rotate();
            let seen = bench.visit(&client).await.unwrap();
            assert_eq!((seen.resumed, seen.chain.serial.as_str()), (true, "1001"));
            let logged = bench.log.all(&opened(1, true)).len();
            assert_eq!(logged, returns, "{keeps:?}");
        }
        // A stranger is of the newest.
        let stranger = bench.client(keeps.config(bench.agent.root_pem()));
        bench.visit(&stranger).await.unwrap();
        assert_eq!(bench.log.all(&opened(4, false)).len(), 1, "{keeps:?}");
        let closed = want("connection_closed").with("generation", 1);
        assert_eq!(bench.log.all(&closed).len(), 4, "{keeps:?}");
    }
}

/// A connection whose session is of a generation that has to go is counted and drained with it. It
/// does not come back by the same session: it would have to go at once, and again, and again.
#[tokio::test(start_paused = true)]
async fn a_resumed_session_is_drained_with_its_generation() {
    for keeps in Keeps::ALL {
        let mut bench = Bench::new(Retirement {
            lag: 1,
            ..BY_GENERATION
        });
        let client = bench.client(keeps.config(bench.agent.root_pem()));
        bench.visit(&client).await.unwrap();
        bench.rotate();
        let (stream, seen) = bench.open(&client).await;
        assert!(seen.resumed, "{keeps:?}");
        let mut held = lab::client::Connection::over(stream, seen);
        held.pull(1).await.unwrap();
        assert_eq!(bench.server.held().count(1..=1), 1, "{keeps:?}");

        bench.rotate();
        bench.closed_after(1, GRACE).await;
        held.pull(1).await.unwrap_err();
        let started = want("drain_started").with("generation", 1);
        let started = bench.log.all(&started.with("connections", 1));
        assert_eq!(started.len(), 1, "{keeps:?}");

        let back = bench.visit(&client).await.unwrap();
        assert_eq!((back.resumed, back.chain.serial.as_str()), (false, "1003"));
        assert!(bench.visit(&client).await.unwrap().resumed);
        assert_eq!(bench.log.all(&opened(3, true)).len(), 1, "{keeps:?}");
    }
}

/// The generation is chosen and counted in one step: a retirement that comes just then waits, and
/// counts it.
#[test]
fn no_retirement_comes_between_a_generation_and_its_count() {
    let held = Held::default();
    let (counts, counted) = mpsc::channel();
    let retiring = held.clone();
    let (hold, retirement) = held.hold(|| {
        // Here generation 1 is current. Now a newer one is published, and 1 is retired.
        let retirement = thread::spawn(move || counts.send(retiring.retire(1..=1)).unwrap());
        // It has all the time that it wants to overtake. No machine is so slow that it could.
        let overtook = counted.recv_timeout(Duration::from_millis(50));
        assert!(overtook.is_err(), "{overtook:?} connections were counted");
        (1, retirement)
    });
    retirement.join().unwrap();
    assert_eq!(counted.recv(), Ok(1));
    // What is retired is held by nobody new, be it by a session.
    let (other, ()) = held.hold(|| (2, ()));
    assert!(!other.mover()(1));
    drop(hold);
    assert_eq!((held.count(1..=1), held.count(2..=2)), (0, 1));
}

/// Of each generation only its own are forgotten, and counted as cut.
#[tokio::test]
async fn what_is_cut_under_one_generation_is_not_told_of_another() {
    let held = Held::default();
    let (first, ()) = held.hold(|| (1, ()));
    let (mut second, ()) = held.hold(|| (2, ()));
    second.cut = true;
    drop((first, second));
    assert_eq!(held.gone(1..=1).await, 0);
    assert_eq!(held.gone(2..=2).await, 1);
}

/// A session may be opened and not be resumed: its client wants another name, or this server other ciphers. The
/// connection is of the generation that it is shown, is counted there again, and so is whoever returns with its ticket.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_opened_and_not_resumed_moves_nobody() {
    let bench = Bench::new(PATIENT);
    let config = Arc::new(Keeps::Tls13.config(bench.agent.root_pem()));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let handshake = |of: Arc<Generation>| {
        let admitted = asked.clone();
        let session = Session::new(of, LIFE, move |generation| {
            admitted.lock().push(generation);
            true
        });
        let (server, _) = memory::handshake(&session.config(), &config).unwrap();
        (server.handshake_kind(), session.generation())
    };
    let first = bench.store.current();
    assert_eq!(handshake(first.clone()), (Some(HandshakeKind::Full), 1));
    let next = |number| {
        Arc::new(Generation {
            number,
            identity: first.identity.clone(),
            config: Arc::new(of_another_cipher(&first.config)),
        })
    };
    assert_eq!(handshake(next(2)), (Some(HandshakeKind::Full), 2));
    assert_eq!(*asked.lock(), [1, 2], "it is held where it was moved");
    assert_eq!(handshake(next(3)), (Some(HandshakeKind::Resumed), 2));
}

/// The same, with one cipher that is not the first choice of this server, so that no session of that one is resumed.
fn of_another_cipher(like: &ServerConfig) -> ServerConfig {
    let provider = CryptoProvider {
        cipher_suites: vec![TLS13_CHACHA20_POLY1305_SHA256],
        ..aws_lc_rs::default_provider()
    };
    let builder = ServerConfig::builder_with_provider(provider.into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let resolver = like.cert_resolver.clone();
    let mut other = builder.with_no_client_auth().with_cert_resolver(resolver);
    other.ticketer = like.ticketer.clone();
    other.time_provider = like.time_provider.clone();
    other
}

/// All tickets, in TLS 1.2 and 1.3, and the memory of sessions without: also for a handshake that
/// began before.
#[tokio::test(start_paused = true)]
async fn a_discard_ends_every_session_at_once() {
    for keeps in Keeps::ALL {
        let mut bench = Bench::new(PATIENT);
        let config = Arc::new(keeps.config(bench.agent.root_pem()));
        let earlier = || Session::new(bench.store.current(), LIFE, |_| true).config();
        let kind = |server, config| {
            let (server, _) = memory::handshake(&server, config).unwrap();
            server.handshake_kind()
        };
        assert_ne!(kind(earlier(), &config), Some(HandshakeKind::Resumed));
        assert_eq!(kind(earlier(), &config), Some(HandshakeKind::Resumed));
        let began = earlier();
        bench.rotate();
        bench.sessions.discard();
        assert_ne!(
            kind(began, &config),
            Some(HandshakeKind::Resumed),
            "{keeps:?}"
        );
        // From now on there are new ones.
        let now = Session::new(bench.store.current(), LIFE, |_| true).config();
        assert_eq!(
            kind(now, &config),
            Some(HandshakeKind::Resumed),
            "{keeps:?}"
        );
        assert_eq!(bench.store.current().number, 2, "the identity is the same");
    }
}

/// The program does so at a signal, and goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_discards_every_session() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch06-in-flight-requests"));
    let arguments = Serve::command_line(&agent.files());
    let server = Child::spawn(program, arguments, |_| ()).unwrap();
    let address = ([127, 0, 0, 1], server.port(BOUND).await).into();
    let config = Arc::new(Keeps::Tls13.config(agent.root_pem()));
    let client = Client::with_config(config, "localhost").unwrap();
    assert!(!client.probe(address).await.unwrap().resumed);
    assert!(client.probe(address).await.unwrap().resumed);
    server.signal(Signal::USR2).unwrap();
    let discarded = want("tickets_discarded").with("generation", 1);
    server.log().wait_for(&discarded, BOUND).await;
    assert!(!client.probe(address).await.unwrap().resumed);
    assert!(client.probe(address).await.unwrap().resumed);
}
