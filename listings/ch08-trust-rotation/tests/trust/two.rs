//! Who leads to two roots: a client stays while one of them is in force, and so does the server.

use std::fs;
use std::time::Duration;

use ch02_hot_reload::Reload;
use ch08_trust_rotation::party::issue;
use ch08_trust_rotation::{RootUsage, Stage};
use lab::authority::{Authority, Issued};
use lab::log::want;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::bench::{Bench, GRACE, QUIET, Session};

/// The authority that signs leaves, as an anchor of its own: what leads to it leads to its root, too.
fn intermediate(leaf: &Issued) -> &str {
    let second = leaf.chain_pem.match_indices("-----BEGIN").nth(1);
    &leaf.chain_pem[second.expect("a leaf and its issuer").0..]
}

/// The file lists these, and the server looks.
fn list(bench: &Bench, anchors: &[&str]) {
    fs::write(bench.party.source().files.roots, anchors.concat()).unwrap();
    bench.look();
}

async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// The server's leaf is under Root B, and it lets in this client of Root A by that root and by its
/// intermediate, each of which is listed.
struct Two {
    bench: Bench,
    client: Issued,
    other: String,
}

impl Two {
    fn new() -> Self {
        let mut bench = Bench::new();
        bench.list(&[&bench.a, &bench.b]);
        bench.reissue();
        let client = issue(&mut bench.a, 0x1002).unwrap();
        let (root, other) = (
            bench.a.root_pem().to_owned(),
            intermediate(&client).to_owned(),
        );
        list(&bench, &[&root, &other, bench.b.root_pem()]);
        assert_eq!(bench.names().len(), 3);
        Self {
            bench,
            client,
            other,
        }
    }

    fn roots(&self) -> [&Authority; 2] {
        [&self.bench.a, &self.bench.b]
    }
}

/// One of its roots is drained and removed. The client depends on it no more than on the other: it is not
/// asked to leave, it keeps no root, and its connection goes on.
#[tokio::test(start_paused = true)]
async fn a_client_with_two_roots_stays_while_one_goes() {
    let (log, _capturing) = lab::emit::capture();
    let two = Two::new();
    let bench = &two.bench;
    let client = Session::Tls13.config(Some(&two.client), &two.roots());
    let mut held = bench.open(&client).await.unwrap();
    list(bench, &[&two.other, bench.b.root_pem()]);
    let (stage, usage) = bench.stage("Root A");
    assert_eq!((stage, usage.connections), (Stage::Draining, 0));
    settle().await;
    tokio::time::advance(GRACE * 2).await;
    settle().await;
    held.pull(1).await.expect("it was asked to leave");
    bench.quiet().await;
    bench.look();
    assert_eq!(bench.stage("Root A").0, Stage::Absent);
    settle().await;
    tokio::time::advance(GRACE * 2).await;
    settle().await;
    held.pull(1).await.expect("it was asked to leave");
    bench.call(&client).await.unwrap();
    let removed = want("trust_moved").with("step", "remove");
    assert_eq!(log.all(&removed.with("connections", 0)).len(), 1);
}

/// Both go: then it depends on them, is counted at each, and has to leave.
#[tokio::test(start_paused = true)]
async fn a_client_with_two_roots_goes_with_the_last() {
    for forced in [false, true] {
        let (log, _capturing) = lab::emit::capture();
        let two = Two::new();
        let bench = &two.bench;
        let client = Session::Tls13.config(Some(&two.client), &two.roots());
        let mut held = bench.open(&client).await.unwrap();
        list(bench, &[bench.b.root_pem()]);
        let stages = bench.roots.stages(&bench.store);
        let usages: Vec<_> = stages.iter().map(|(.., usage)| usage.connections).collect();
        // Each of the two is held for the other by it.
        assert_eq!(stages.len(), 3);
        if forced {
            for (root, ..) in &stages {
                bench.roots.force(root);
            }
            bench.look();
            assert_eq!(bench.names(), ["Root B"]);
            let removed = want("trust_moved")
                .with("step", "remove")
                .with("connections", 1);
            assert_eq!(log.all(&removed).len(), 2, "{usages:?} {:#?}", log.events());
        }
        settle().await;
        tokio::time::advance(GRACE * 2).await;
        settle().await;
        held.pull(1).await.expect_err("it was not asked to leave");
    }
}

/// The server's own chain leads to two roots, and one of them is listed no longer: the other is enough.
#[tokio::test(start_paused = true)]
async fn the_own_leaf_keeps_one_of_its_two_roots() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    let leaf = issue(&mut bench.a, 0x1003).unwrap();
    let (root, other) = (
        bench.a.root_pem().to_owned(),
        intermediate(&leaf).to_owned(),
    );
    list(&bench, &[&root, &other]);
    list(&bench, &[&other]);
    assert_eq!(bench.stage("Root A").0, Stage::Draining);
    bench.quiet().await;
    bench.look();
    assert_eq!(bench.names().len(), 1, "{:#?}", log.events());
    assert_eq!(bench.stage("Root A").0, Stage::Absent);
    log.assert_none(&want("drain_refused"));
    let moved = |step: &str| {
        want("trust_moved")
            .with("root", "Root A")
            .with("step", step)
    };
    log.assert_order(&[moved("retire"), moved("drain"), moved("remove")]);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
}

/// Clients of both roots and one of the first alone: where both roots are to go, all of them count, the
/// latest ticket, and the latest that was let in.
#[tokio::test(start_paused = true)]
async fn all_who_would_be_lost_are_counted() {
    let (log, _capturing) = lab::emit::capture();
    let mut two = Two::new();
    two.bench.a.rekey_intermediate().unwrap();
    let of_root = issue(&mut two.bench.a, 0x1004).unwrap();
    let bench = &two.bench;
    let open = async |leaf| {
        let client = Session::Tls13.config(Some(leaf), &two.roots());
        bench.open(&client).await.unwrap()
    };
    let _of_both = open(&two.client).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    bench.clock.forward(100);
    let _of_root = open(&of_root).await;
    let until = bench.stage("Root A").1.tickets_until;
    tokio::time::advance(Duration::from_secs(5)).await;
    list(bench, &[bench.b.root_pem()]);
    let held = want("trust_held").with("root", "Root A");
    let held = log.wait_for(&held, lab::BOUND).await;
    assert_eq!(held.number("connections"), Some(2), "{held}");
    let quiet = (QUIET - Duration::from_secs(5)).as_millis() as u64;
    assert_eq!(held.number("quiet_ms"), Some(quiet), "{held}");
    let usage = RootUsage {
        tickets_until: until,
        ..RootUsage::default()
    };
    assert_eq!(held.text("tickets_until"), usage.tickets_until_text());
}

/// Both drain, and its turn is far off. Then one is listed again, and the other removed, in one step: the
/// client may stay.
#[tokio::test(start_paused = true)]
async fn a_client_stays_by_the_root_that_is_listed_again() {
    let two = Two::new();
    let bench = &two.bench;
    let chain = CertificateDer::pem_slice_iter(two.client.chain_pem.as_bytes());
    let chain: Result<Vec<_>, _> = chain.collect();
    let current = bench.store.current();
    let hold = bench
        .roots
        .let_in(&bench.store, &current, &chain.unwrap())
        .unwrap();
    assert_eq!(hold.roots().len(), 2);
    let leaving = tokio::spawn(async move { hold.leaving(QUIET * 10).await });
    list(bench, &[bench.b.root_pem()]);
    settle().await;
    assert!(bench.roots.force(&bench.root("Root A")));
    list(bench, &[&two.other, bench.b.root_pem()]);
    assert_eq!(bench.stage("Root A").0, Stage::Absent);
    settle().await;
    tokio::time::advance(QUIET * 20).await;
    settle().await;
    assert!(!leaving.is_finished(), "it was asked to leave");
    leaving.abort();
}
