//! Draining by generation: each protocol leaves in its own way, and nothing is lost that could
//! have been finished.

use ch06_in_flight_requests::Retirement;
use ch06_in_flight_requests::client::Version;
use lab::client::Failure;
use lab::log::want;
use tokio::time::{Duration, Instant};

use super::bench::{BY_GENERATION, Bench, GRACE};

const MIB: u64 = 1 << 20;

#[tokio::test(start_paused = true)]
async fn http1_finishes_its_response_and_closes_with_the_next() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(Version::Http1).await;
    let mut download = http.start(MIB).await.unwrap();
    download.pull(1).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    download.finish().await.unwrap();
    // The head of that answer was sent before: it could not say so. This one does.
    assert!(!download.close());
    assert!(http.get(1).await.unwrap(), "no `Connection: close`");
    assert_eq!(bench.closed(1, "drained").await, MIB + 1);
    assert!(http.get(1).await.is_err(), "the connection is gone");
}

/// What hyper's `graceful_shutdown` would do to an idle connection costs this client a request.
#[tokio::test(start_paused = true)]
async fn an_idle_http1_connection_is_asked_with_its_next_response() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(Version::Http1).await;
    http.get(1).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    tokio::time::sleep(GRACE / 2).await;
    assert!(http.get(1).await.unwrap(), "no `Connection: close`");
    bench.closed(1, "drained").await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_http1_connection_that_never_asks_is_closed_at_the_deadline() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(Version::Http1).await;
    http.get(1).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    let asked = Instant::now();
    // Nothing was in flight, so nothing was cut.
    bench.closed(1, "drained").await;
    assert_eq!(asked.elapsed().as_secs(), GRACE.as_secs());
    assert!(http.is_closed());
}

/// A thousand clients who do not read hold a thousand beginnings of answers in the server's memory.
#[tokio::test(start_paused = true)]
async fn little_of_an_answer_waits_for_a_client_that_does_not_read() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(Version::Http1).await;
    let mut download = http.start(1024 * MIB).await.unwrap();
    download.pull(1).await.unwrap();
    bench.rotate();
    // All that was made of the answer: for hyper, for TLS, for the way and for the client.
    let made = bench.closed(1, "deadline").await;
    assert!(made < 128 * 1024, "{made} bytes");
    drop(download);
}

#[tokio::test(start_paused = true)]
async fn http2_finishes_its_streams_and_opens_no_more() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(Version::Http2).await;
    let mut downloads = Vec::new();
    for _ in 0..3 {
        let mut download = http.start(MIB).await.unwrap();
        download.pull(1).await.unwrap();
        downloads.push(download);
    }
    bench.rotate();
    bench.drain_started(1).await;
    for download in &mut downloads {
        download.finish().await.unwrap();
    }
    assert_eq!(bench.closed(1, "drained").await, 3 * MIB);
    assert!(http.is_closed());
    assert!(http.get(1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_idle_http2_connection_leaves_at_once() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(Version::Http2).await;
    http.get(1).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    let asked = Instant::now();
    bench.closed(1, "drained").await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_bare_stream_is_not_told_and_is_cut_at_the_deadline() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut bare = bench.bare().await;
    bare.pull(1000).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    let asked = Instant::now();
    tokio::time::sleep(GRACE / 2).await;
    bare.pull(1000).await.unwrap();
    assert_eq!(bench.closed(1, "deadline").await, 2000);
    assert_eq!(asked.elapsed().as_secs(), GRACE.as_secs());
    let failure = bare.pull(1).await.unwrap_err();
    assert!(
        matches!(failure, Failure::Severed { at: 2000, .. }),
        "{failure}"
    );
    let finished = want("drain_finished").with("generation", 1).with("cut", 1);
    bench.log.wait_for(&finished, lab::BOUND).await;
}

#[tokio::test(start_paused = true)]
async fn a_bare_stream_that_leaves_in_time_is_not_cut() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut bare = bench.bare().await;
    bare.pull(1).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    bare.close().await;
    bench.closed(1, "drained").await;
    let finished = want("drain_finished").with("generation", 1).with("cut", 0);
    bench.log.wait_for(&finished, lab::BOUND).await;
}

/// A client that does not read holds its connection no longer than the deadline.
async fn stalled(version: Version) {
    let mut bench = Bench::new(BY_GENERATION);
    let mut http = bench.http(version).await;
    // More than the windows of HTTP/2, which the client's side fills unasked.
    let whole = 16 * MIB;
    let mut download = http.start(whole).await.unwrap();
    download.pull(1).await.unwrap();
    bench.rotate();
    bench.drain_started(1).await;
    let asked = Instant::now();
    assert!(bench.closed(1, "deadline").await < whole);
    assert_eq!(asked.elapsed().as_secs(), GRACE.as_secs());
    let failure = download.finish().await.unwrap_err();
    assert!(matches!(failure, Failure::Severed { .. }), "{failure}");
    let finished = want("drain_finished").with("generation", 1).with("cut", 1);
    bench.log.wait_for(&finished, lab::BOUND).await;
}

#[tokio::test(start_paused = true)]
async fn a_stalled_http1_download_is_cut_at_the_deadline() {
    stalled(Version::Http1).await;
}

#[tokio::test(start_paused = true)]
async fn a_stalled_http2_download_is_cut_at_the_deadline() {
    stalled(Version::Http2).await;
}

#[tokio::test(start_paused = true)]
async fn only_generations_that_are_too_far_behind_are_drained() {
    let mut bench = Bench::new(Retirement {
        lag: 2,
        ..BY_GENERATION
    });
    let mut first = bench.bare().await;
    first.pull(1).await.unwrap();
    bench.rotate();
    let mut second = bench.bare().await;
    second.pull(1).await.unwrap();
    bench.rotate();
    tokio::time::sleep(2 * GRACE).await;
    bench.log.assert_none(&want("drain_started"));
    assert_eq!(bench.server.held().count(1..=3), 2);

    bench.rotate();
    bench.closed(1, "deadline").await;
    tokio::time::sleep(2 * GRACE).await;
    second.pull(1).await.unwrap();
    assert_eq!(bench.server.held().count(1..=4), 1);
    second.close().await;
    bench.closed(2, "client_closed").await;
    bench.log.assert_order(&[
        want("identity_loaded").with("generation", 4),
        want("drain_started")
            .with("generation", 1)
            .with("connections", 1),
        want("connection_closed").with("generation", 1),
        want("drain_finished").with("generation", 1).with("cut", 1),
    ]);
}

#[test]
fn the_greatest_lag_retires_nothing() {
    let lag = |lag| Retirement {
        lag,
        ..BY_GENERATION
    };
    assert_eq!(lag(u64::MAX).too_old(u64::MAX), 0);
    assert_eq!(lag(u64::MAX - 1).too_old(u64::MAX), 0);
    assert_eq!(lag(2).too_old(4), 1);
    assert_eq!(lag(0).too_old(1), 0);
}

/// A second drain begins while the first is under way. Each counts its own.
#[tokio::test(start_paused = true)]
async fn drains_that_overlap_count_each_connection_once() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut held = Vec::new();
    for generation in 1..=3 {
        for _ in 0..generation {
            let mut bare = bench.bare().await;
            bare.pull(1).await.unwrap();
            held.push(bare);
        }
        tokio::time::sleep(GRACE / 4).await;
        bench.rotate();
        bench.drain_started(generation).await;
    }
    for generation in 1..=3 {
        let started = want("drain_started").with("generation", generation);
        let started = bench.log.all(&started.with("connections", generation));
        assert_eq!(started.len(), 1, "generation {generation}");
        let finished = want("drain_finished").with("generation", generation);
        let finished = finished.with("cut", generation);
        bench.log.wait_for(&finished, lab::BOUND).await;
    }
    assert_eq!(bench.server.held().count(1..=4), 0);
}

/// Two rotations before the server looks: one drain for both.
#[tokio::test(start_paused = true)]
async fn a_drain_takes_all_that_is_older() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut first = bench.bare().await;
    first.pull(1).await.unwrap();
    // No await between them, so the server cannot look.
    bench.rotate();
    bench.rotate();
    let finished = want("drain_finished").with("generation", 2).with("cut", 1);
    bench.log.wait_for(&finished, lab::BOUND).await;
    let started = bench.log.all(&want("drain_started"));
    assert_eq!(started.len(), 1, "{started:?}");
    assert_eq!(started[0].number("connections"), Some(1));
}
