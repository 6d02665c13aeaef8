//! Sessions of clients with certificates, and connections that are asked to leave in turn.

use std::sync::Arc;
use std::time::Duration;

use ch06_in_flight_requests::{life, share};
use ch08_trust_rotation::party::issue;
use lab::authority::LeafRequest;
use lab::log::{Log, want};
use tokio::time::Instant;

use super::bench::{Bench, GRACE, MAX_AGE, Session};

/// The server's leaf is renewed, and a client that comes back is not shown the new one. It lives
/// under the generation that it began with, and is logged so.
#[tokio::test(start_paused = true)]
async fn a_resumed_session_is_of_the_generation_that_it_began_with() {
    for session in Session::ALL {
        let (log, _capturing) = lab::emit::capture();
        let mut bench = Bench::new();
        let leaf = issue(&mut bench.a, 0x1002).unwrap();
        let config = session.config(Some(&leaf), &[&bench.a]);
        bench.call(&config).await.unwrap();
        for serial in [0x1003, 0x1004] {
            let renewed = issue(&mut bench.a, serial).unwrap();
            bench.party.show(&renewed).unwrap();
            bench.look();
            let seen = bench.call(&config).await.unwrap();
            assert_eq!((seen.resumed, seen.chain.serial.as_str()), (true, "1001"));
        }
        let opened = want("connection_opened").with("resumed", true);
        let of_first = log.all(&opened.clone().with("generation", 1));
        assert_eq!(
            (log.all(&opened).len(), of_first.len()),
            (2, 2),
            "{session:?}"
        );
    }
}

/// Every session ends, and no root is held by a ticket any more.
#[tokio::test(start_paused = true)]
async fn a_discard_ends_every_session_and_holds_no_root() {
    for session in Session::ALL {
        let mut bench = Bench::new();
        let leaf = issue(&mut bench.a, 0x1002).unwrap();
        let config = session.config(Some(&leaf), &[&bench.a]);
        bench.call(&config).await.unwrap();
        assert!(bench.call(&config).await.unwrap().resumed, "{session:?}");
        assert!(bench.stage("Root A").1.tickets_until.is_some());
        bench.sessions.discard();
        bench.roots.forget_tickets(&bench.store);
        assert_eq!(bench.stage("Root A").1.tickets_until, None);
        assert!(!bench.call(&config).await.unwrap().resumed, "{session:?}");
        assert!(bench.call(&config).await.unwrap().resumed, "{session:?}");
        assert_eq!(bench.store.current().number, 1);
    }
}

const SPREAD: Duration = Duration::from_secs(100);

/// Ten connections by Root A, which is no longer listed and is draining. The seconds after which each
/// was gone: none of them goes by itself.
struct Leaving {
    bench: Bench,
    gone: Vec<tokio::task::JoinHandle<u64>>,
}

impl Leaving {
    async fn new() -> Self {
        let mut bench = Bench::in_turn(SPREAD, 0.0);
        let mut config = Arc::unwrap_or_clone(bench.client_of_a());
        config.alpn_protocols = vec!["http/1.1".into()];
        let config = Arc::new(config);
        bench.list(&[&bench.a, &bench.b]);
        bench.reissue();
        let began = Instant::now();
        let mut gone = Vec::new();
        for _ in 0..10 {
            let held = bench.http(&config).await;
            gone.push(tokio::spawn(async move {
                held.ended().await;
                began.elapsed().as_secs()
            }));
        }
        bench.list(&[&bench.b]);
        Self { bench, gone }
    }

    async fn seconds(self) -> Vec<u64> {
        let mut seconds = Vec::new();
        for gone in self.gone {
            seconds.push(gone.await.unwrap());
        }
        seconds.sort_unstable();
        seconds
    }
}

/// The share of each connection. They are numbered in the whole process, and other tests open some, too.
fn shares(log: &Log) -> Vec<f64> {
    let opened = log.all(&want("connection_opened"));
    let numbers = opened.iter().map(|event| event.number("connection"));
    numbers.map(|number| share(number.unwrap())).collect()
}

/// After how long each connection is asked to leave in a drain.
fn turns(log: &Log) -> Vec<Duration> {
    let shares = shares(log).into_iter();
    shares.map(|share| SPREAD.mul_f64(share)).collect()
}

/// A fleet that came at once, as it does after a deploy, does not come back at once when its
/// connections have their age. Nor does one whose certificates all end at once.
#[tokio::test(start_paused = true)]
async fn connections_of_one_age_are_asked_in_turn() {
    let lasting = LeafRequest {
        lifetime: 10 * MAX_AGE,
        ..LeafRequest::new("localhost")
    };
    let brief = LeafRequest {
        lifetime: MAX_AGE / 2,
        ..lasting.clone()
    };
    for (request, most) in [(lasting, MAX_AGE), (brief, MAX_AGE / 2)] {
        let (log, _capturing) = lab::emit::capture();
        let mut bench = Bench::in_turn(Duration::ZERO, 0.1);
        let leaf = bench.a.issue(&request).unwrap();
        let config = Session::Tls13.config(Some(&leaf), &[&bench.a]);
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols = vec!["http/1.1".into()];
        let (config, began) = (Arc::new(config), Instant::now());
        let mut gone = Vec::new();
        for _ in 0..20 {
            let held = bench.http(&config).await;
            gone.push(tokio::spawn(async move {
                held.ended().await;
                began.elapsed().as_secs()
            }));
        }
        let mut seconds = Vec::new();
        for gone in gone {
            seconds.push(gone.await.unwrap());
        }
        for (second, share) in seconds.iter().zip(shares(&log)) {
            let due = (life(most, 0.1, share) + GRACE).as_secs();
            // Certificates are made by the true clock, which goes on, and in whole seconds.
            assert!(
                (due - 10..=due + 1).contains(second),
                "{second}, and not {due}"
            );
        }
        let (first, last) = (seconds.iter().min(), seconds.iter().max());
        let over = last.unwrap() - first.unwrap();
        assert!(over > most.mul_f64(0.05).as_secs(), "{seconds:?}");
    }
}

/// While a root drains, each client that comes back does a full handshake: not all of them at once.
#[tokio::test(start_paused = true)]
async fn a_drain_asks_in_turn() {
    let (log, _capturing) = lab::emit::capture();
    let seconds = Leaving::new().await.seconds().await;
    let mut turns: Vec<u64> = turns(&log)
        .iter()
        .map(|turn| (*turn + GRACE).as_secs())
        .collect();
    turns.sort_unstable();
    assert_eq!(turns.len(), seconds.len());
    let late = seconds.iter().zip(&turns);
    let mut late = late.map(|(second, turn)| second.checked_sub(*turn));
    assert!(
        late.all(|late| late.is_some_and(|late| late <= 1)),
        "{seconds:?}, and not {turns:?}"
    );
}

/// A root that is forced out is in the wrong hands: nobody has time.
#[tokio::test(start_paused = true)]
async fn a_root_that_is_forced_out_asks_all_at_once() {
    let leaving = Leaving::new().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let root = leaving.bench.root("Root A");
    assert!(leaving.bench.roots.force(&root));
    leaving.bench.look();
    let seconds = leaving.seconds().await;
    let latest = 1 + GRACE.as_secs();
    assert!(
        seconds.iter().all(|second| *second <= latest),
        "{seconds:?}"
    );
}

/// Listed again, it asks nobody whose turn has not come.
#[tokio::test(start_paused = true)]
async fn a_drain_that_is_called_off_asks_nobody_else() {
    let (log, _capturing) = lab::emit::capture();
    let leaving = Leaving::new().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let Bench { a, b, .. } = &leaving.bench;
    leaving.bench.list(&[a, b]);
    tokio::time::sleep(SPREAD * 2).await;
    let gone = leaving
        .gone
        .iter()
        .filter(|gone| gone.is_finished())
        .count();
    let turns = turns(&log);
    let in_time = |turn: &&Duration| **turn <= Duration::from_secs(1);
    assert_eq!(turns.len(), 10);
    assert_eq!(gone, turns.iter().filter(in_time).count(), "{turns:?}");
}
