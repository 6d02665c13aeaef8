//! The order that works, and what becomes of those who are in a hurry, or late.

use std::sync::{Arc, Mutex, OnceLock};

use ch02_hot_reload::identity::{self, Identity};
use ch02_hot_reload::{Generation, IdentityStore, Loader, Reload};
use ch06_in_flight_requests::client::Http;
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::roots::Roots;
use ch08_trust_rotation::{Refusal, Stage};
use lab::BOUND;
use lab::log::want;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::bench::{Bench, GRACE, QUIET, Session, named, sessions};

/// Lets the tasks of the server run that have something to do.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn add_reissue_drain_remove() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    let (of_a, of_b) = (
        issue(&mut bench.a, 0x1002).unwrap(),
        issue(&mut bench.b, 0x2002).unwrap(),
    );
    let old = Session::Tls13.config(Some(&of_a), &[&bench.a, &bench.b]);
    let new = Session::Tls13.config(Some(&of_b), &[&bench.a, &bench.b]);
    let mut held = bench.open(&old).await.unwrap();
    assert_eq!(bench.stage("Root A").0, Stage::Issuing);

    bench.list(&[&bench.a, &bench.b]);
    assert_eq!(bench.stage("Root B").0, Stage::Trusted);
    bench.call(&new).await.unwrap();
    bench.reissue();
    assert_eq!(bench.stage("Root A").0, Stage::Trusted);
    assert_eq!(bench.stage("Root B").0, Stage::Issuing);
    held.pull(1).await.unwrap();

    // Asked to go, it stays: one connection depends on it.
    bench.list(&[&bench.b]);
    let (stage, usage) = bench.stage("Root A");
    assert_eq!((stage, usage.connections), (Stage::Draining, 1));
    settle().await;
    bench.quiet().await;
    settle().await;
    held.pull(1).await.unwrap_err();
    drop(held);
    settle().await;
    // Whoever left a moment ago may be on its way back.
    bench.look();
    assert_eq!(bench.names(), ["Root A", "Root B"]);
    bench.quiet().await;
    bench.look();
    assert_eq!(bench.names(), ["Root B"]);

    let moved = |step: &str, root: &str| want("trust_moved").with("step", step).with("root", root);
    log.assert_order(&[
        want("trust_loaded").with("roots", "Root A"),
        moved("add", "Root B"),
        want("trust_loaded").with("roots", "Root A, Root B"),
        want("identity_loaded").with("generation", 2),
        moved("reissue", "Root B"),
        moved("retire", "Root A"),
        want("identity_loaded").with("generation", 3),
        want("trust_held")
            .with("why", Refusal::NotDrained.name())
            .with("root", "Root A")
            .with("connections", 1),
        want("identity_loaded").with("generation", 4),
        moved("drain", "Root A").with("connections", 1),
        moved("remove", "Root A").with("connections", 0),
        want("trust_loaded").with("roots", "Root B"),
        want("identity_loaded").with("generation", 5),
    ]);
    assert_eq!(log.all(&want("trust_moved")).len(), 5);
}

/// The removal comes when the clients have not been reissued. Nobody is turned away, the log says
/// who is behind, and the root goes by itself once they have been.
#[tokio::test(start_paused = true)]
async fn who_is_late_holds_the_root() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.call(&late).await.unwrap();
    bench.reissue();
    bench.list(&[&bench.b]);
    // It calls once in a while, and is away in between.
    for _ in 0..10 {
        tokio::time::advance(QUIET - std::time::Duration::from_secs(1)).await;
        bench.look();
        assert!(!bench.call(&late).await.unwrap().resumed);
    }
    let behind = want("client_behind")
        .with("root", "Root A")
        .with("serial", "1002");
    assert_eq!(log.all(&behind).len(), 10);
    let held = want("trust_held").with("why", Refusal::Held.name());
    assert_eq!(log.all(&held).len(), 1, "{:#?}", log.events());

    let of_b = issue(&mut bench.b, 0x2002).unwrap();
    let mended = Session::Tls13.config(Some(&of_b), &[&bench.a, &bench.b]);
    bench.call(&mended).await.unwrap();
    bench.quiet().await;
    bench.look();
    assert_eq!(bench.names(), ["Root B"]);
    bench.call(&mended).await.unwrap();
    bench.call(&late).await.unwrap_err();
}

/// What else the files hold is served while a root is held: a leaf that is renewed does not expire
/// because a client is late.
#[tokio::test(start_paused = true)]
async fn a_renewal_does_not_wait_for_a_root_that_is_held() {
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    let _held = bench.open(&late).await.unwrap();
    bench.reissue();
    bench.list(&[&bench.b]);
    let renewed = issue(&mut bench.b, 0x2007).unwrap();
    bench.party.show(&renewed).unwrap();
    bench.look();
    assert_eq!(bench.names(), ["Root A", "Root B"]);
    assert_eq!(bench.call(&late).await.unwrap().chain.serial, "2007");
    // And the same files once more make no new generation.
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
}

/// The root is trusted as before: there are tickets again, and no connection is asked to leave.
async fn assert_called_off(bench: &Bench, client: &Arc<ClientConfig>) {
    assert_eq!(bench.stage("Root A").0, Stage::Trusted);
    bench.call(client).await.unwrap();
    assert!(bench.call(client).await.unwrap().resumed);
    let mut held = bench.open(client).await.unwrap();
    tokio::time::advance(GRACE * 2).await;
    held.pull(1).await.unwrap();
}

/// The file lists the root again: the drain is called off, and there are tickets again.
#[tokio::test(start_paused = true)]
async fn a_drain_is_called_off() {
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    bench.list(&[&bench.b]);
    assert_eq!(bench.stage("Root A").0, Stage::Draining);
    bench.call(&late).await.unwrap();
    assert!(!bench.call(&late).await.unwrap().resumed);

    bench.list(&[&bench.a, &bench.b]);
    assert_called_off(&bench, &late).await;
}

/// The file lists the root again after it was seen that it is to be drained, and before its drain
/// begins: that drain is called off at the next look.
#[tokio::test(start_paused = true)]
async fn a_drain_that_begins_too_late_is_called_off() {
    let mut bench = Bench::new();
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    let root = bench.root("Root A");
    bench.party.trust(&[&bench.b]).unwrap();
    bench.store.reload();
    // Here `drain_all` sees it, and is held up.
    bench.party.trust(&[&bench.a, &bench.b]).unwrap();
    bench.store.reload();
    bench.roots.drain(&bench.store, &root).unwrap();

    bench.look();
    assert_called_off(&bench, &late).await;
}

/// The look that calls it off is under way when the drain begins: it ends before anybody is asked.
#[tokio::test(start_paused = true)]
async fn a_drain_that_is_called_off_as_it_begins_asks_nobody() {
    type Watched = Mutex<Option<(Arc<Roots>, Arc<IdentityStore>)>>;
    let watched = Arc::new(Watched::default());
    let (looks, looking) = std::sync::mpsc::channel();
    let read = watched.clone();
    let mut bench = Bench::reading(Box::new(move |source, _| {
        let once = read.lock().unwrap().take();
        let Some((roots, store)) = once else {
            return identity::read(source);
        };
        looks.send(()).unwrap();
        let since = std::time::Instant::now();
        let drains = || {
            roots
                .stages(&store)
                .iter()
                .any(|of| of.1 == Stage::Draining)
        };
        while !drains() {
            assert!(since.elapsed() < BOUND, "waited {BOUND:?} for a drain");
            std::thread::yield_now();
        }
        identity::read(source)
    }));
    let late = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    let root = bench.root("Root A");
    bench.party.trust(&[&bench.b]).unwrap();
    bench.store.reload();
    bench.party.trust(&[&bench.a, &bench.b]).unwrap();
    *watched.lock().unwrap() = Some((bench.roots.clone(), bench.store.clone()));
    let store = bench.store.clone();
    let look = std::thread::spawn(move || store.reload());
    looking.recv_timeout(BOUND).expect("it looks");
    bench.roots.drain(&bench.store, &root).unwrap();
    look.join().unwrap();

    bench.look();
    assert_eq!(bench.stage("Root A").0, Stage::Trusted);
    let mut held = bench.open(&late).await.unwrap();
    settle().await;
    tokio::time::advance(GRACE * 2).await;
    settle().await;
    held.pull(1).await.unwrap();
}

/// An operator who knows that the old root is in the wrong hands does not wait.
#[tokio::test(start_paused = true)]
async fn force_removes_at_once_and_cuts_who_does_not_leave() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    let config = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    let mut held = bench.open(&config).await.unwrap();
    bench.reissue();
    let root = bench.root("Root A");
    assert!(!bench.roots.force(&root), "the file lists it");
    bench.list(&[&bench.b]);
    assert!(bench.roots.force(&root));
    bench.look();
    assert_eq!(bench.names(), ["Root B"]);
    bench.call(&config).await.unwrap_err();
    let removed = want("trust_moved")
        .with("step", "remove")
        .with("connections", 1);
    assert_eq!(log.all(&removed).len(), 1);
    held.pull(1).await.unwrap();
    tokio::time::advance(GRACE).await;
    settle().await;
    held.pull(1).await.unwrap_err();
    settle().await;
    log.assert_order(&[removed, want("connection_closed").with("why", "deadline")]);
}

/// A client comes when the removal has counted who depends on the root, and the generation without
/// it is not published yet. It is not let in, since nobody would count it.
#[tokio::test(start_paused = true)]
async fn nobody_comes_between_a_removal_and_its_generation() {
    let (mut a, b) = (named("Root A"), named("Root B"));
    let (mut party, late) = (
        Party::new(&mut a, 0x1001).unwrap(),
        issue(&mut a, 0x1002).unwrap(),
    );
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(late.chain_pem.as_bytes()).collect();
    let chain = chain.unwrap();
    let roots = Roots::new(party.source(), sessions(), QUIET);
    let Loader { read, build } = roots.loader(Box::new(|source, _| identity::read(source)));
    let store: Arc<OnceLock<Arc<IdentityStore>>> = Arc::default();
    let comes = Arc::new(Mutex::new(Vec::new()));
    let (now, who, held_by) = (store.clone(), comes.clone(), roots.clone());
    let build = Box::new(move |identity: &Identity, before: Option<&Generation>| {
        let built = build(identity, before)?;
        // All steps are taken, and nothing is published.
        if let Some(store) = now.get() {
            let let_in = held_by.let_in(store, &store.current(), &chain);
            who.lock().unwrap().push(let_in.is_ok());
        }
        Ok(built)
    });
    let started = IdentityStore::start_by(Loader { read, build }, party.source()).unwrap();
    let started = store.get_or_init(|| started);
    let look = || {
        started.reload_and_log();
        roots.drain_all(started);
    };
    party.trust(&[&a, &b]).unwrap();
    look();
    let mut b = b;
    party.show(&issue(&mut b, 0x2001).unwrap()).unwrap();
    look();
    party.trust(&[&b]).unwrap();
    look();
    tokio::time::advance(QUIET).await;
    look();
    // Add, reissue, drain, remove.
    assert_eq!(*comes.lock().unwrap(), [true, true, true, false]);
}

/// Force does not need a drain: who is in is asked to leave all the same.
#[tokio::test(start_paused = true)]
async fn force_without_a_drain_asks_those_who_are_in() {
    let mut bench = Bench::new();
    let config = bench.client_of_a();
    bench.list(&[&bench.a, &bench.b]);
    bench.reissue();
    let mut held = bench.open(&config).await.unwrap();
    bench.party.trust(&[&bench.b]).unwrap();
    bench.store.reload();
    let root = bench.root("Root A");
    assert_eq!(bench.stage("Root A").0, Stage::Trusted);
    assert!(bench.roots.force(&root));
    bench.store.reload();
    assert_eq!(bench.names(), ["Root B"]);
    settle().await;
    tokio::time::advance(GRACE).await;
    settle().await;
    held.pull(1).await.unwrap_err();
}

/// The root under the server's own leaf is not removed by a file that lacks it: the whole set is
/// refused, since its chain would lead nowhere.
#[tokio::test(start_paused = true)]
async fn the_root_of_the_own_leaf_stays() {
    let bench = Bench::new();
    bench.party.trust(&[&bench.b]).unwrap();
    let Reload::Rejected(rejected) = bench.store.reload() else {
        panic!("it was taken");
    };
    assert_eq!(rejected.reason.name(), "chain_broken");
    assert_eq!(bench.names(), ["Root A"]);
    let root = bench.root("Root A");
    let refused = bench.roots.drain(&bench.store, &root).unwrap_err();
    assert_eq!(refused.to_string(), Refusal::OwnLeaf.name());
}

/// A root that is renewed under its old name is another root.
#[tokio::test(start_paused = true)]
async fn roots_of_one_name_are_told_apart() {
    let mut bench = Bench::new();
    bench.b = named("Root A");
    let of_old = issue(&mut bench.a, 0x1002).unwrap();
    let of_new = issue(&mut bench.b, 0x2002).unwrap();
    let client = |leaf| Session::Tls13.config(Some(leaf), &[&bench.a, &bench.b]);
    let (old, new) = (client(&of_old), client(&of_new));
    bench.list(&[&bench.a, &bench.b]);
    bench.call(&old).await.unwrap();
    bench.call(&new).await.unwrap();
    bench.reissue();
    bench.list(&[&bench.b]);
    bench.quiet().await;
    bench.look();
    bench.call(&old).await.unwrap_err();
    bench.call(&new).await.unwrap();
}

/// Over HTTP nobody is cut: the client is told with the next answer, and comes back.
#[tokio::test(start_paused = true)]
async fn a_drain_asks_politely() {
    let (log, _capturing) = lab::emit::capture();
    let mut bench = Bench::new();
    let of_a = issue(&mut bench.a, 0x1002).unwrap();
    let mut configs = Vec::new();
    for protocol in ["http/1.1", "h2"] {
        let config = Session::Tls13.config(Some(&of_a), &[&bench.a, &bench.b]);
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols = vec![protocol.into()];
        configs.push(Arc::new(config));
    }
    bench.list(&[&bench.a, &bench.b]);
    let mut http1: Http = bench.http(&configs[0]).await;
    let mut http2: Http = bench.http(&configs[1]).await;
    bench.reissue();
    bench.list(&[&bench.b]);
    assert!(http1.get(1).await.unwrap(), "it was not asked to leave");
    http1.close().await;
    settle().await;
    while http2.get(1).await.is_ok() {
        settle().await;
    }
    http2.close().await;
    settle().await;
    assert_eq!(bench.stage("Root A").1.connections, 0);
    let drained = want("connection_closed").with("why", "drained");
    assert_eq!(log.all(&drained).len(), 2, "{:#?}", log.events());
}

/// What a rotation costs a client that comes twice after each step, and is reissued in time: which
/// of its handshakes are full.
#[tokio::test(start_paused = true)]
async fn what_a_rotation_costs_in_full_handshakes() {
    let mut bench = Bench::new();
    let of_a = issue(&mut bench.a, 0x1002).unwrap();
    let of_b = issue(&mut bench.b, 0x2002).unwrap();
    let old = Session::Tls13.config(Some(&of_a), &[&bench.a, &bench.b]);
    let new = Session::Tls13.config(Some(&of_b), &[&bench.a, &bench.b]);
    let twice = async |bench: &Bench, client| {
        let first = bench.call(client).await.unwrap();
        let second = bench.call(client).await.unwrap();
        [first, second].map(|seen| if seen.resumed { "resumed" } else { "full" })
    };
    assert_eq!(twice(&bench, &old).await, ["full", "resumed"]);
    bench.list(&[&bench.a, &bench.b]);
    assert_eq!(twice(&bench, &old).await, ["resumed"; 2], "add");
    bench.reissue();
    assert_eq!(
        twice(&bench, &old).await,
        ["resumed"; 2],
        "the server's leaf"
    );
    assert_eq!(
        twice(&bench, &new).await,
        ["full", "resumed"],
        "the client's"
    );
    bench.list(&[&bench.b]);
    assert_eq!(twice(&bench, &new).await, ["full"; 2], "drain");
    bench.quiet().await;
    bench.look();
    assert_eq!(twice(&bench, &new).await, ["full", "resumed"], "remove");
}
