//! Who leads to two roots: a client stays while one of them is in force, and so does the server.

use std::fs;

use ch02_hot_reload::Reload;
use ch08_trust_rotation::Stage;
use ch08_trust_rotation::party::issue;
use lab::authority::{Authority, Issued};
use lab::log::want;

use super::bench::{Bench, GRACE, Session};

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
