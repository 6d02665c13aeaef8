//! What a server remembers of its roots, how long, and what it says of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ch02_hot_reload::identity::{self, Identity, Reason};
use ch02_hot_reload::{Generation, IdentityStore, Loader, Reload};
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::roots::{Roots, TICKET_LIFE};
use ch08_trust_rotation::{Stage, client};
use lab::BOUND;
use lab::authority::LeafRequest;
use lab::log::want;
use lab::memory;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::bench::{Bench, QUIET, Session, named, sessions};

/// Root A is no longer listed, and the server's leaf is under Root B.
fn unlisted(bench: &mut Bench) {
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    bench.list(&[&bench.b]);
    assert_eq!(bench.stage("Root A").0, Stage::Draining);
}

/// Listed again, and then no longer: that is news, and so it is said.
#[tokio::test(start_paused = true)]
async fn a_root_that_is_unlisted_again_is_told_again() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    unlisted(&mut bench);
    let held = want("trust_held").with("why", "not_drained");
    assert_eq!(log.all(&held).len(), 1);
    bench.list(&[&bench.a, &bench.b]);
    bench.list(&[&bench.b]);
    assert_eq!(log.all(&held).len(), 2, "{:#?}", log.events());
}

/// That a root is held is a state, and it ends: with its removal, and where the file lists it again also before a drain
/// has begun.
#[tokio::test(start_paused = true)]
async fn a_root_that_is_held_no_more_is_told() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    let root = bench.root("Root A");
    let of_root = |event: &str| want(event).with("root_sha256", root.sha256());
    let held = of_root("trust_held");
    let again = of_root("trust_moved").with("step", "add");
    // The looks alone: nothing has begun to drain yet.
    bench.party.trust(&[&bench.b]).unwrap();
    bench.store.reload();
    assert_eq!(log.all(&held).len(), 1);
    bench.party.trust(&[&bench.a, &bench.b]).unwrap();
    bench.store.reload();
    bench.store.reload();
    assert_eq!(log.all(&again).len(), 1, "{:#?}", log.events());
    bench.list(&[&bench.b]);
    bench.quiet().await;
    bench.look();
    let gone = of_root("trust_moved").with("step", "remove");
    log.assert_order(&[held.clone(), again, held, gone]);
}

/// Who is in takes a while to leave, and the quiet begins only then: before, a root that is held is no news.
#[tokio::test(start_paused = true)]
async fn a_root_that_drains_is_told_when_it_could_have_been_gone() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    bench.list(&[&bench.b]);
    let held = want("trust_held").with("why", "held");
    let second = Duration::from_secs(1);
    for wait in [Duration::ZERO, QUIET / 2, QUIET / 2, QUIET - second] {
        tokio::time::advance(wait).await;
        bench.call(&late).await.unwrap();
        bench.look();
        log.assert_none(&held);
    }
    tokio::time::advance(second).await;
    bench.look();
    assert_eq!(log.all(&held).len(), 1);
}

/// The program's own task does it: nobody has to look for tickets to be given again.
#[tokio::test]
async fn a_drain_that_is_called_off_gives_tickets_again_by_itself() {
    let mut bench = Bench::new();
    let draining = bench.roots.clone().drain_unlisted(bench.store.clone());
    let draining = tokio::spawn(draining);
    let mut published = bench.store.published();
    let mut tickets = async |bench: &Bench, given: bool| {
        let store = bench.store.clone();
        let as_wanted = |_: &u64| store.current().config.ticketer.enabled() == given;
        let waiting = tokio::time::timeout(BOUND, published.wait_for(as_wanted));
        assert!(
            waiting.await.is_ok(),
            "waited {BOUND:?} for tickets: {given}"
        );
    };
    bench.party.trust(&[&bench.a, &bench.b]).unwrap();
    bench.store.reload();
    bench
        .party
        .show(&issue(&mut bench.b, 0x2001).unwrap())
        .unwrap();
    bench.store.reload();
    bench.party.trust(&[&bench.b]).unwrap();
    bench.store.reload();
    tickets(&bench, false).await;
    bench.party.trust(&[&bench.a, &bench.b]).unwrap();
    bench.store.reload();
    tickets(&bench, true).await;
    draining.abort();
}

/// It was called off once. The next look has nothing to do.
#[tokio::test(start_paused = true)]
async fn a_drain_is_called_off_once() {
    let mut bench = Bench::new();
    unlisted(&mut bench);
    bench.list(&[&bench.a, &bench.b]);
    let number = bench.store.current().number;
    bench.look();
    bench.look();
    assert_eq!(bench.store.current().number, number);
}

/// A root that is gone is forgotten: it is not drained once more, and there is nothing to force.
#[tokio::test(start_paused = true)]
async fn a_root_that_was_removed_is_forgotten() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    bench.list(&[&bench.a, &bench.b]);
    let root = bench.root("Root A");
    bench.rotate().await;
    let number = bench.store.current().number;
    bench.look();
    log.assert_none(&want("drain_refused"));
    assert_eq!(bench.store.current().number, number);
    assert!(!bench.roots.force(&root));
    // Tickets are given again, since nothing drains.
    assert!(bench.store.current().config.ticketer.enabled());
}

/// A renewal keeps the keys of tickets, and so it keeps the clients that may come back with one.
#[tokio::test(start_paused = true)]
async fn a_renewal_does_not_forget_who_has_a_ticket() {
    let mut bench = Bench::new();
    let client = bench.client_of_a();
    bench.call(&client).await.unwrap();
    let until = bench.stage("Root A").1.tickets_until;
    assert!(until.is_some());
    bench
        .party
        .show(&issue(&mut bench.a, 0x1007).unwrap())
        .unwrap();
    bench.look();
    assert_eq!(bench.store.current().number, 2);
    assert_eq!(bench.stage("Root A").1.tickets_until, until);
}

/// The handshake itself goes by the clock of the server, not only the look after it.
#[tokio::test(start_paused = true)]
async fn the_handshake_goes_by_the_clock_of_the_server() {
    let mut bench = Bench::new();
    let leaf = issue(&mut bench.a, 0x1002).unwrap();
    // Each time another client: one that comes back is not looked at.
    let handshake = || {
        let client = Session::Tls13.config(Some(&leaf), &[&bench.a]);
        memory::handshake(&bench.store.current().config, &client)
    };
    handshake().unwrap();
    bench.clock.forward(3601);
    handshake().expect_err("its certificate has expired");
}

/// The leaf has expired, and the agent is dead. It is under no root any more, and nothing breaks.
#[tokio::test(start_paused = true)]
async fn a_leaf_that_has_expired_is_under_no_root() {
    let bench = Bench::new();
    bench.clock.forward(3601);
    assert_eq!(bench.stage("Root A").0, Stage::Trusted);
}

/// A chain may carry certificates for servers that trust another root. Their end ends no connection.
#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_the_leaf_and_no_other_certificate() {
    let mut bench = Bench::new();
    let mut brief = LeafRequest::new("localhost");
    brief.lifetime = Duration::from_secs(60);
    let brief = bench.a.issue(&brief).unwrap();
    let lasting = issue(&mut bench.a, 0x1002).unwrap();
    let chain = [lasting.chain_pem, brief.chain_pem].concat();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    let left = bench.roots.certificate_left(&chain);
    assert!(left > Duration::from_secs(3000), "{left:?}");
}

/// The clients' roots have a file of their own, and the root of the server's chain is among them. It goes
/// from there like any other: the chain is not judged by that file.
#[tokio::test(start_paused = true)]
async fn the_root_of_the_own_chain_goes_from_the_clients_file() {
    let mut public = named("Public");
    let bench = Bench::apart(&mut public);
    bench.list(&[&bench.a, &public]);
    assert_eq!(bench.stage("Public").0, Stage::Trusted);
    bench.list(&[&bench.a]);
    bench.quiet().await;
    bench.look();
    assert_eq!(bench.names(), ["Root A"]);
}

/// Only who has one file for both, and a chain of another authority, is told to have two.
#[test]
fn who_is_told_to_have_two_files() {
    let (mut public, a) = (named("Public"), named("Root A"));
    let start = |party: &Party| {
        let roots = Roots::new(party.source(), sessions(), QUIET);
        let read = Box::new(|source: &_, _: Option<&_>| identity::read(source));
        IdentityStore::start_by(roots.loader(read), party.source()).unwrap_err()
    };
    let one = Party::new(&mut public, 0x3001).unwrap();
    one.trust(&[&a]).unwrap();
    let two = Party::apart(&mut public, 0x3001, &[&a]).unwrap();
    std::fs::write(two.source().files.roots, a.root_pem()).unwrap();
    let empty = Party::new(&mut public, 0x3001).unwrap();
    std::fs::write(empty.source().files.certificate, "").unwrap();
    for (party, reason, told) in [
        (one, Reason::ChainBroken, true),
        (two, Reason::ChainBroken, false),
        (empty, Reason::Truncated, false),
    ] {
        let rejected = start(&party);
        assert_eq!(rejected.reason, reason, "{rejected}");
        assert_eq!(
            rejected.detail.contains("--client-roots"),
            told,
            "{rejected}"
        );
    }
}

/// No generation can be built without the root's tickets. Then it does not drain, and the next look asks
/// again; and one that drained before goes on.
#[tokio::test(start_paused = true)]
async fn a_drain_that_cannot_begin_has_not_begun() {
    let (log, _capturing) = lab::emit::capture();
    let (mut a, mut b) = (named("Root A"), named("Root B"));
    let mut party = Party::new(&mut a, 0x1001).unwrap();
    let roots = Roots::new(party.source(), sessions(), QUIET);
    let fails = Arc::new(AtomicBool::default());
    let Loader { read, build } = roots.loader(Box::new(|source, _| identity::read(source)));
    let failing = fails.clone();
    let build = Box::new(move |identity: &Identity, before: Option<&Generation>| {
        if failing.load(Ordering::Relaxed) {
            return Err("no memory".into());
        }
        build(identity, before)
    });
    let store = IdentityStore::start_by(Loader { read, build }, party.source()).unwrap();
    party.trust(&[&a, &b]).unwrap();
    store.reload();
    party.show(&issue(&mut b, 0x2001).unwrap()).unwrap();
    store.reload();
    party.trust(&[&b]).unwrap();
    assert!(matches!(store.reload(), Reload::Unchanged));
    let stage = || {
        let stages = roots.stages(&store);
        let of_a = stages.iter().find(|(root, ..)| root.name() == "Root A");
        of_a.map(|(root, stage, _)| (root.clone(), *stage)).unwrap()
    };
    fails.store(true, Ordering::Relaxed);
    roots.drain_all(&store);
    assert_eq!(stage().1, Stage::Trusted);
    fails.store(false, Ordering::Relaxed);
    roots.drain_all(&store);
    assert_eq!(stage().1, Stage::Draining);
    // An alarm for the one ends with the other.
    let of_root = |event: &str| want(event).with("root_sha256", stage().0.sha256());
    let begun = of_root("trust_moved").with("step", "drain");
    log.assert_order(&[of_root("drain_refused"), begun]);
    fails.store(true, Ordering::Relaxed);
    roots.drain(&store, &stage().0).unwrap_err();
    assert_eq!(stage().1, Stage::Draining);
}

/// A ticket holds a root as long as it lives, and not longer.
#[tokio::test(start_paused = true)]
async fn a_ticket_holds_no_root_when_it_has_ended() {
    let mut bench = Bench::new();
    let client = bench.client_of_a();
    bench.call(&client).await.unwrap();
    assert!(bench.stage("Root A").1.tickets_until.is_some());
    bench.clock.forward(TICKET_LIFE.as_secs() + 1);
    assert_eq!(bench.stage("Root A").1.tickets_until, None);
}

/// The look after the handshake says itself why it lets nobody in, be there no certificate at all.
#[tokio::test(start_paused = true)]
async fn the_second_look_says_what_is_wrong() {
    let mut bench = Bench::new();
    let leaf = issue(&mut bench.a, 0x1002).unwrap();
    let stranger = issue(&mut named("Root X"), 0x9001).unwrap();
    let look = |bench: &Bench, pem: &str| {
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap);
        let current = bench.store.current();
        let chain: Vec<_> = chain.collect();
        let let_in = bench.roots.let_in(&bench.store, &current, &chain);
        let_in.map(drop).map_err(|rejected| rejected.reason)
    };
    assert_eq!(look(&bench, &leaf.chain_pem), Ok(()));
    assert_eq!(look(&bench, ""), Err(Reason::Missing));
    assert_eq!(look(&bench, &stranger.chain_pem), Err(Reason::ChainBroken));
    bench.clock.forward(3601);
    assert_eq!(look(&bench, &leaf.chain_pem), Err(Reason::Expired));
}

/// Servers ask a client for no name.
#[test]
fn a_client_may_have_any_name() {
    let mut a = named("Root A");
    let mut party = Party::new(&mut a, 0x1002).unwrap();
    let leaf = a.issue(&LeafRequest::new("a-client")).unwrap();
    party.show(&leaf).unwrap();
    client::start(party.source()).unwrap();
}
