//! The certificate expires while connections are active. Clients read a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::Reload;
use ch06_in_flight_requests::Retirement;
use ch06_in_flight_requests::client::{self, Version};
use lab::authority::LeafRequest;
use lab::chain;
use lab::client::{Failure, Options};
use lab::log::want;
use lab::memory;
use rustls::CertificateError::{Expired, ExpiredContext};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, HandshakeKind};

use super::bench::{BY_GENERATION, Bench};

const MIB: u64 = 1 << 20;
/// The lab's leaves are valid for an hour.
const TWO_HOURS: u64 = 7200;

fn is_expired(failure: &Failure) -> bool {
    let Failure::Handshake(error) = failure else {
        return false;
    };
    let error = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(
        error,
        Some(rustls::Error::InvalidCertificate(
            Expired | ExpiredContext { .. }
        ))
    )
}

fn config_of(bench: &Bench, resume: bool, tls12_only: bool) -> ClientConfig {
    let options = Options {
        resume,
        tls12_only,
        ..Options::default()
    };
    let config = lab::client::config(bench.agent.root_pem(), options);
    Arc::unwrap_or_clone(config.unwrap())
}

#[tokio::test(start_paused = true)]
async fn open_connections_go_on_and_new_ones_fail() {
    let mut bench = Bench::new(Retirement {
        lag: 1,
        ..BY_GENERATION
    });
    let mut http1 = bench.http(Version::Http1).await;
    let mut http2 = bench.http(Version::Http2).await;
    let mut bare = bench.bare().await;
    let mut over1 = http1.start(MIB).await.unwrap();
    let mut over2 = http2.start(MIB).await.unwrap();
    over1.pull(MIB / 2).await.unwrap();
    over2.pull(MIB / 2).await.unwrap();
    bare.pull(1000).await.unwrap();

    bench.clock.forward(TWO_HOURS);
    over1.finish().await.unwrap();
    over2.finish().await.unwrap();
    bare.pull(1000).await.unwrap();
    // New requests on the open connections, too.
    assert!(!http1.get(1).await.unwrap());
    http2.get(1).await.unwrap();

    for version in [Version::Http1, Version::Http2] {
        let config = client::config(bench.agent.root_pem(), version, Options::default()).unwrap();
        let failure = bench.visit(&bench.client(config)).await.unwrap_err();
        assert!(is_expired(&failure), "{failure}");
    }
    // What helps is a rotation in time, and it helps at once.
    let mut request = LeafRequest::new("localhost");
    request.lifetime *= 4;
    let issued = bench.agent.authority().issue(&request).unwrap();
    bench.agent.write(&issued).unwrap();
    bench.store.reload();
    assert_eq!(bench.http(Version::Http1).await.seen().chain, issued.facts);
    bare.pull(1000).await.unwrap();
    bench
        .log
        .assert_none(&want("connection_closed").with("generation", 1));
}

/// How often a client that returns every `hours` resumes, and is shown nothing, at most so many times.
fn resumes_by_itself(tls12_only: bool, hours: u64, times: usize) -> usize {
    let bench = Bench::new(BY_GENERATION);
    let mut config = config_of(&bench, true, tls12_only);
    config.time_provider = bench.clock.clone();
    let config = Arc::new(config);
    // rustls's own configuration, without what this chapter seals into a session.
    let server = bench.store.current().config.clone();
    memory::handshake(&server, &config).unwrap();
    let resumed = (0..times).take_while(|_| {
        bench.clock.forward(hours * 3600);
        let handshake = memory::handshake(&server, &config);
        handshake.is_ok_and(|(_, client)| client.handshake_kind() == Some(HandshakeKind::Resumed))
    });
    resumed.count()
}

/// The certificate is checked when it is sent, and on resumption it is not sent: it was valid for an
/// hour. rustls makes a ticket for twelve hours: six with one key, six with the key as the one
/// before. But with TLS 1.3 each resumption brings new tickets, and a client that keeps returning
/// never checks again.
#[tokio::test]
async fn by_itself_a_chain_of_resumptions_has_no_end() {
    assert_eq!(resumes_by_itself(false, 2, 1), 1);
    assert_eq!(resumes_by_itself(true, 2, 1), 1);
    assert_eq!(resumes_by_itself(false, 13, 1), 0);
    assert_eq!(resumes_by_itself(false, 5, 100), 100);
}

/// Hours between two visits. A client keeps no ticket for longer than twelve.
const STEP: u64 = 6;

/// Resumes at each step for as long as the client is let, and says after how many hours it was not.
async fn hours_of_resumption(bench: &mut Bench, tls12_only: bool) -> u64 {
    let client = bench.client(config_of(bench, true, tls12_only));
    assert!(!bench.visit(&client).await.unwrap().resumed);
    for hours in (STEP..).step_by(STEP as usize) {
        bench.clock.forward(STEP * 3600);
        match bench.visit(&client).await {
            Ok(seen) if seen.resumed => assert_eq!(seen.chain.serial, "1002"),
            Ok(_) => return hours,
            Err(failure) => {
                assert!(is_expired(&failure), "{failure}");
                return hours;
            }
        }
    }
    unreachable!("there is always a next hour")
}

/// The lab's leaf is issued for so long, and shown.
fn show_for(bench: &mut Bench, lifetime: Duration) {
    let mut request = LeafRequest::new("localhost");
    request.lifetime = lifetime;
    let issued = bench.agent.authority().issue(&request).unwrap();
    bench.agent.write(&issued).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
}

const DAY: u64 = 24;

/// However often it is resumed: a session ends with the certificate that was shown when it began.
#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_certificate() {
    for tls12_only in [false, true] {
        let mut bench = Bench::new(BY_GENERATION);
        show_for(&mut bench, Duration::from_secs(DAY * 3600 + 60));
        let hours = hours_of_resumption(&mut bench, tls12_only).await;
        assert_eq!(hours, DAY + STEP);
    }
}

/// The last second of a certificate is one in which it is valid (RFC 5280, section 4.1.2.5).
#[tokio::test(start_paused = true)]
async fn a_session_is_resumed_in_the_last_second_of_its_certificate() {
    for tls12_only in [false, true] {
        let bench = Bench::new(BY_GENERATION);
        let now = bench.clock.current_time().unwrap().as_secs();
        let end = bench.store.current().identity.facts.not_after.clone();
        let is_last = |left: &u64| chain::date(now + left) == end;
        let left = (0..TWO_HOURS).find(is_last).unwrap();
        let client = bench.client(config_of(&bench, true, tls12_only));
        assert!(!bench.visit(&client).await.unwrap().resumed);
        bench.clock.forward(left);
        assert!(bench.visit(&client).await.unwrap().resumed);
        bench.clock.forward(1);
        let failure = bench.visit(&client).await.unwrap_err();
        assert!(is_expired(&failure), "{failure}");
    }
}

/// And after seven days, where the certificate is valid for longer; or after what was chosen.
#[tokio::test(start_paused = true)]
async fn a_session_ends_after_its_life() {
    let chosen = Retirement {
        session_life: Duration::from_secs(2 * DAY * 3600),
        ..BY_GENERATION
    };
    for (retirement, days) in [(BY_GENERATION, 7), (chosen, 2)] {
        for tls12_only in [false, true] {
            let mut bench = Bench::new(retirement);
            show_for(&mut bench, Duration::from_secs(47 * DAY * 3600));
            let hours = hours_of_resumption(&mut bench, tls12_only).await;
            assert_eq!(hours, days * DAY);
        }
    }
}

/// To the second: a session is resumed in the last one of its life, and in none after it. A life that is
/// shorter than a second has none: then no session is resumed, not even at once.
#[tokio::test(start_paused = true)]
async fn a_life_ends_to_the_second() {
    for (life, lasts) in [(0, 0), (500, 0), (10_000, 10)] {
        for tls12_only in [false, true] {
            let bench = Bench::new(Retirement {
                session_life: Duration::from_millis(life),
                ..BY_GENERATION
            });
            for after in [0, lasts.max(1) - 1, lasts] {
                let client = bench.client(config_of(&bench, true, tls12_only));
                assert!(!bench.visit(&client).await.unwrap().resumed);
                bench.clock.forward(after);
                let resumed = bench.visit(&client).await.unwrap().resumed;
                assert_eq!(resumed, after < lasts, "{life} ms, after {after} s");
            }
        }
    }
}
