//! Retirement by age, in virtual time, and how jitter spreads the clients who come back.

use std::collections::BTreeMap;

use ch06_in_flight_requests::client::Version;
use ch06_in_flight_requests::{Due, Retirement};
use lab::log::want;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::bench::{BY_GENERATION, Bench, GRACE};

const HOUR: Duration = Duration::from_secs(3600);
pub const BY_AGE: Retirement = Retirement {
    max_age: HOUR,
    lag: 1000,
    ..BY_GENERATION
};

/// How many of 1,000 connections, opened at once, are asked to leave in each second.
async fn asked(retirement: Retirement, retired: u64) -> BTreeMap<u64, usize> {
    let (_sender, retired) = watch::channel(retired);
    let mut connections = JoinSet::new();
    let start = Instant::now();
    for connection in 1..=1000 {
        let retired = retired.clone();
        connections.spawn(async move {
            let due = retirement.due(connection, 1, retired).await;
            (due, start.elapsed().as_secs())
        });
    }
    let mut seconds = BTreeMap::new();
    for (due, second) in connections.join_all().await {
        assert_eq!(due == Due::Generation, retirement.max_age > HOUR);
        *seconds.entry(second).or_insert(0) += 1;
    }
    seconds
}

#[tokio::test(start_paused = true)]
async fn without_jitter_all_come_back_at_once() {
    assert_eq!(asked(BY_AGE, 0).await, BTreeMap::from([(3600, 1000)]));
}

#[tokio::test(start_paused = true)]
async fn with_jitter_they_come_back_over_its_whole_length() {
    let jittered = Retirement {
        jitter: 0.1,
        ..BY_AGE
    };
    let seconds = asked(jittered, 0).await;
    let (first, last) = (seconds.keys().next(), seconds.keys().next_back());
    assert!(first >= Some(&3240) && last <= Some(&3600), "{seconds:?}");
    // 1,000 over 360 seconds are three a second, give or take one.
    assert!(seconds.values().all(|asked| *asked <= 4), "{seconds:?}");
    assert!(seconds.len() >= 350, "{seconds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_retired_generation_leaves_over_its_spread() {
    let spread = Retirement {
        spread: Duration::from_secs(100),
        ..BY_GENERATION
    };
    let seconds = asked(spread, 1).await;
    assert!(seconds.len() >= 99, "{seconds:?}");
    assert!(seconds.values().all(|asked| *asked <= 11), "{seconds:?}");
    assert_eq!(asked(BY_GENERATION, 1).await, BTreeMap::from([(0, 1000)]));
}

#[tokio::test(start_paused = true)]
async fn each_protocol_leaves_at_its_age() {
    let bench = Bench::new(BY_AGE);
    let start = Instant::now();
    let mut http1 = bench.http(Version::Http1).await;
    let mut http2 = bench.http(Version::Http2).await;
    let mut bare = bench.bare().await;
    http1.get(1).await.unwrap();
    http2.get(1).await.unwrap();
    bare.pull(1).await.unwrap();

    tokio::time::sleep(HOUR - Duration::from_secs(1)).await;
    assert!(!http1.get(1).await.unwrap(), "asked too early");
    http2.get(1).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(http1.get(1).await.unwrap(), "not asked");
    assert!(http2.get(1).await.is_err(), "not asked");
    let deadline = want("connection_closed").with("why", "deadline");
    bench.log.wait_for(&deadline, lab::BOUND).await;
    assert_eq!(start.elapsed().as_secs(), (HOUR + GRACE).as_secs());
    let aged = bench
        .log
        .all(&want("connection_closed").with("why", "aged"));
    assert_eq!(aged.len(), 2, "{aged:?}");
    // No generation was retired.
    bench.log.assert_none(&want("drain_started"));
}

/// What age has cut before is not the drain's.
#[tokio::test(start_paused = true)]
async fn a_drain_counts_only_what_it_cut() {
    let mut bench = Bench::new(Retirement { lag: 0, ..BY_AGE });
    let mut old = bench.bare().await;
    old.pull(1).await.unwrap();
    tokio::time::sleep(HOUR).await;
    let mut young = bench.bare().await;
    young.pull(1).await.unwrap();
    bench.closed(1, "deadline").await;
    bench.rotate();
    bench.drain_started(1).await;
    let finished = want("drain_finished").with("generation", 1);
    let finished = bench.log.wait_for(&finished, lab::BOUND).await;
    assert_eq!(finished.number("cut"), Some(1));
}
