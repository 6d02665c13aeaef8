//! The certificate expires while connections are active. Clients read a clock that the test moves.

use std::sync::Arc;

use ch06_in_flight_requests::Retirement;
use ch06_in_flight_requests::client::{self, Version};
use lab::authority::LeafRequest;
use lab::client::{Client, Connection, Failure, Options};
use lab::log::want;
use rustls::CertificateError::{Expired, ExpiredContext};
use rustls::ClientConfig;

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

/// Connects through memory, where the handshake may fail.
async fn try_open(bench: &Bench, client: &Client) -> Result<lab::client::Seen, Failure> {
    let (ours, theirs) = tokio::io::duplex(16 * 1024);
    tokio::spawn(bench.server.clone().connection(theirs));
    let (stream, seen) = client.handshake(ours).await?;
    // One byte, so that tickets arrive.
    let mut connection = Connection::over(stream, seen.clone());
    connection.pull(1).await?;
    connection.close().await;
    Ok(seen)
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
        let failure = try_open(&bench, &bench.client(config)).await.unwrap_err();
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

/// The certificate is checked when it is sent, and on resumption it is not sent.
async fn a_returning_client_resumes_under_an_expired_certificate(tls12_only: bool) {
    let bench = Bench::new(BY_GENERATION);
    let client = bench.client(config_of(&bench, true, tls12_only));
    assert!(!try_open(&bench, &client).await.unwrap().resumed);
    bench.clock.forward(TWO_HOURS);
    let seen = try_open(&bench, &client).await.unwrap();
    assert!(seen.resumed);
    assert_eq!(seen.chain.serial, "1001");
    let stranger = bench.client(config_of(&bench, false, tls12_only));
    assert!(is_expired(&try_open(&bench, &stranger).await.unwrap_err()));
}

#[tokio::test(start_paused = true)]
async fn resumption_outlives_the_certificate_with_tls_13() {
    a_returning_client_resumes_under_an_expired_certificate(false).await;
}

#[tokio::test(start_paused = true)]
async fn resumption_outlives_the_certificate_with_tls_12() {
    a_returning_client_resumes_under_an_expired_certificate(true).await;
}

/// rustls makes a ticket for twelve hours: six with one key, six with the key as the one before.
#[tokio::test(start_paused = true)]
async fn a_ticket_ends_after_twelve_hours() {
    let bench = Bench::new(BY_GENERATION);
    let client = bench.client(config_of(&bench, true, false));
    try_open(&bench, &client).await.unwrap();
    bench.clock.forward(12 * 3600 + 1);
    let failure = try_open(&bench, &client).await.unwrap_err();
    assert!(is_expired(&failure), "{failure}");
}

/// But each resumption brings new tickets. A client that keeps returning never checks again.
#[tokio::test(start_paused = true)]
async fn a_chain_of_resumptions_has_no_end() {
    let bench = Bench::new(BY_GENERATION);
    let client = bench.client(config_of(&bench, true, false));
    try_open(&bench, &client).await.unwrap();
    for _ in 0..100 {
        bench.clock.forward(5 * 3600);
        let seen = try_open(&bench, &client).await.unwrap();
        assert_eq!((seen.resumed, seen.chain.serial.as_str()), (true, "1001"));
    }
}
