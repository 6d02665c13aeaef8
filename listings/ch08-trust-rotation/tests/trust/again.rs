//! What is listed again, or still: files that say the same in another way, or say again what they had said.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ch02_hot_reload::Reload;
use ch05_race_conditions::{Options as Care, Reader};
use ch08_trust_rotation::party::issue;
use lab::log::want;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::bench::Bench;

/// A file may list a root twice. It is one root, and the same file once more is nothing new.
#[tokio::test(start_paused = true)]
async fn a_root_that_is_listed_twice_is_one() {
    let bench = Bench::new();
    bench.list(&[&bench.a, &bench.b, &bench.b]);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
    bench.list(&[&bench.b, &bench.a, &bench.a, &bench.b]);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
    let mut names = bench.names();
    names.sort();
    assert_eq!(names, ["Root A", "Root B"]);
}

/// That a root was forced out once is no word on the next time: it was listed again, and is held again.
#[tokio::test(start_paused = true)]
async fn a_root_that_was_forced_out_and_is_listed_again_is_held_again() {
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    let held = bench.open(&late).await.unwrap();
    bench.reissue();
    bench.list(&[&bench.b]);
    bench.roots.force_unlisted(&bench.store);
    assert_eq!(bench.names(), ["Root B"]);
    drop(held);
    bench.list(&[&bench.b, &bench.a]);
    let mut again = bench.open(&late).await.unwrap();
    bench.list(&[&bench.b]);
    assert_eq!(bench.names(), ["Root B", "Root A"]);
    again.pull(1).await.unwrap();
}

/// A reader that is wary of what shrank has believed the removal. The root that is held beside is no news to
/// it: a renewal is served at once.
#[tokio::test(start_paused = true)]
async fn a_wary_reader_compares_with_the_files_and_not_with_what_is_held() {
    let began = Instant::now();
    let passed = Arc::new(AtomicU64::new(0));
    let seconds = passed.clone();
    let now = move || began + Duration::from_secs(seconds.load(Ordering::Relaxed));
    let care = Care {
        rest: Duration::ZERO,
        ..Care::default()
    };
    let mut bench = Bench::reading(Reader::with_clock(care, Arc::new(now)).read_fn());
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    let _held = bench.open(&late).await.unwrap();
    bench.reissue();
    bench.party.trust(&[&bench.b]).unwrap();
    assert!(matches!(bench.store.reload(), Reload::Rejected(_)));
    passed.fetch_add(care.settle.as_secs() + 1, Ordering::Relaxed);
    bench.look();
    assert_eq!(bench.names(), ["Root A", "Root B"]);
    for serial in 0x2002..0x2005 {
        bench
            .party
            .show(&issue(&mut bench.b, serial).unwrap())
            .unwrap();
        assert!(matches!(bench.store.reload(), Reload::Loaded(_)));
    }
}

/// It was forced out, and is listed again before anybody looks: that word is taken back with the rest.
#[tokio::test(start_paused = true)]
async fn a_root_that_is_listed_again_before_it_was_forced_out_is_held_again() {
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    bench.list(&[&bench.b]);
    assert!(bench.roots.force(&bench.root("Root A")));
    bench.list(&[&bench.b, &bench.a]);
    let _held = bench.open(&late).await.unwrap();
    bench.list(&[&bench.b]);
    assert!(bench.names().contains(&"Root A".to_owned()));
}

/// A root that was removed, came back and is to go once more is told of as it was the first time.
#[tokio::test(start_paused = true)]
async fn a_root_that_goes_twice_is_told_twice() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    bench.rotate().await;
    let held = want("trust_held").with("why", "not_drained");
    assert_eq!(log.all(&held).len(), 1);
    bench.list(&[&bench.a, &bench.b]);
    bench.list(&[&bench.b]);
    assert_eq!(log.all(&held).len(), 2, "{:#?}", log.events());
}

/// A handshake that began under the keys of before ends after they are gone: its ticket is worth nothing,
/// and holds no root.
#[tokio::test(start_paused = true)]
async fn a_ticket_of_keys_that_are_gone_holds_no_root() {
    let mut bench = Bench::new();
    bench.list(&[&bench.a, &bench.b]);
    let before = bench.store.current();
    bench.rotate().await;
    let leaf = issue(&mut bench.b, 0x2002).unwrap();
    let chain = CertificateDer::pem_slice_iter(leaf.chain_pem.as_bytes());
    let chain: Vec<_> = chain.collect::<Result<_, _>>().unwrap();
    let let_in = |under| bench.roots.let_in(&bench.store, under, &chain);
    let _held = let_in(&before).unwrap();
    assert_eq!(bench.stage("Root B").1.tickets_until, None);
    let _held = let_in(&bench.store.current()).unwrap();
    assert!(bench.stage("Root B").1.tickets_until.is_some());
}
