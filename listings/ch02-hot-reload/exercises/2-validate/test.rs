//! What is wanted of `reload`. Each function is a check, and its comment says what has to hold.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use ch02_hot_reload::identity::{Peers, Reason, Rejected, Source, reject, validate_chain};
use lab::agent::{Agent, Strategy};
use lab::authority::{Issued, LeafRequest};
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::exercise::{Generation, Store, reload};

/// A store that serves 1001, and the authority of its clients.
struct Bench {
    store: Store,
    agent: Agent,
    anchors: Vec<CertificateDer<'static>>,
}

fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let pair = pair(&agent.issue().unwrap());
    let first = Generation { number: 1, pair };
    Bench {
        store: Store(ArcSwapOption::from_pointee(first)),
        anchors: certificates(agent.root_pem()),
        agent,
    }
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    let parsed: Result<_, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    parsed.unwrap()
}

fn pair(issued: &Issued) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes());
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let chain = certificates(&issued.chain_pem);
    let pair = CertifiedKey::from_der(chain, key.expect("a key in PEM"), &provider);
    Arc::new(pair.unwrap())
}

impl Bench {
    /// A pair that is valid from tomorrow: serial 1002.
    fn too_early(&mut self) -> Arc<CertifiedKey> {
        let request = LeafRequest {
            starts_after: Duration::from_secs(24 * 3600),
            ..LeafRequest::new("localhost")
        };
        pair(&self.agent.authority().issue(&request).unwrap())
    }

    /// As a client of the chapter judges.
    fn validate(&self, pair: &CertifiedKey) -> Result<(), Rejected> {
        let source = Source::localhost(self.agent.files());
        let now = UnixTime::now();
        validate_chain(Peers::Clients, &source, &pair.cert, &self.anchors, now)
    }

    /// The serial that a client is shown at this moment.
    fn shown(&self) -> String {
        shown(&self.store)
    }

    fn number(&self) -> Option<u64> {
        self.store.0.load().as_ref().map(|current| current.number)
    }
}

/// The serial that a client is shown at this moment.
fn shown(store: &Store) -> String {
    let current = store.0.load_full();
    let shown = current.map(|current| lab::chain::facts(&current.pair.cert).unwrap().serial);
    shown.unwrap_or("nothing".into())
}

/// A valid pair is served, as the next generation.
pub fn what_is_valid_is_served_as_the_next_generation() {
    let mut bench = bench();
    let next = pair(&bench.agent.issue().unwrap());
    let first = next.clone();
    let loaded = reload(&bench.store, || Ok(first), |pair| bench.validate(pair));
    assert!(
        bench.shown() == "1002",
        "The files hold 1002, which is valid, and clients are shown {}.",
        bench.shown()
    );
    assert!(
        matches!(loaded, Ok(2)) && bench.number() == Some(2),
        "The second generation has the number 2. `reload` returned {loaded:?}, and {:?} is served.",
        bench.number()
    );
    let third = pair(&bench.agent.issue().unwrap());
    let loaded = reload(&bench.store, || Ok(third), |pair| bench.validate(pair));
    assert!(
        matches!(loaded, Ok(3)) && bench.number() == Some(3),
        "The third generation has the number 3. `reload` returned {loaded:?}, and {:?} is served.",
        bench.number()
    );
    let back = next.clone();
    let loaded = reload(&bench.store, || Ok(back), |pair| bench.validate(pair));
    assert!(
        matches!(loaded, Ok(4)) && bench.shown() == "1002",
        "The files held 1002, then 1003, and now hold 1002 again, as in a rollback. It is valid, `reload` returned {loaded:?}, and clients are shown {}. What is valid is served, whether its serial is greater or less than the one before: an operator who \
         puts back what was good has a reason.",
        bench.shown()
    );
    bench.store.0.store(None);
    let again = pair(&bench.agent.issue().unwrap());
    let empty = || reload(&bench.store, || Ok(again), |pair| bench.validate(pair));
    let loaded = catch_unwind(AssertUnwindSafe(empty));
    assert!(
        matches!(loaded, Ok(Ok(1))) && bench.number() == Some(1),
        "A store that serves nothing yet holds `None`. The first valid pair is its generation 1, and {:?} is served; `reload` {}. Numbers count up from 1.",
        bench.number(),
        loaded.map_or("panicked".into(), |loaded| format!("returned {loaded:?}"))
    );
}

/// Files that cannot be read change nothing, not even while they are read.
pub fn files_that_cannot_be_read_change_nothing() {
    let bench = bench();
    let mut meanwhile = String::new();
    let missing = || {
        meanwhile = bench.shown();
        let file = Path::new("tls.key");
        Err(reject(Reason::Missing, file, &"no such file"))
    };
    let loaded = reload(&bench.store, missing, |_| {
        panic!("Nothing could be read, and `validate` was called.")
    });
    for (when, shown) in [
        ("while the files were read", meanwhile),
        ("afterwards", bench.shown()),
    ] {
        assert!(
            shown == "1001",
            "A file was missing, and {when} clients were shown {shown} in place of 1001: without a pair, every handshake \
             fails. The old pair stays where it is until the new one can take its place."
        );
    }
    assert!(
        loaded.is_err(),
        "A file was missing, and `reload` returned {loaded:?}."
    );
    assert!(
        matches!(&loaded, Err(rejected) if rejected.reason == Reason::Missing),
        "A file was missing, and `reload` returned {loaded:?}: the operator who asked needs the reason that `read` gave."
    );
}

/// While a pair is being validated, clients are shown the one before.
pub fn what_is_not_validated_is_not_served() {
    let mut bench = bench();
    let early = bench.too_early();
    let mut meanwhile = String::new();
    let loaded = reload(
        &bench.store,
        || Ok(early),
        |pair| {
            meanwhile = bench.shown();
            bench.validate(pair)
        },
    );
    assert!(
        meanwhile == "1001",
        "While the files were being validated, clients were shown {meanwhile} in place of 1001. It is valid from tomorrow, so each \
         of these clients refused it. To take it back afterwards is too late for them."
    );
    assert!(
        bench.shown() == "1001",
        "1002 is valid from tomorrow, and clients are shown {} in place of 1001.",
        bench.shown()
    );
    assert!(
        matches!(&loaded, Err(rejected) if rejected.reason == Reason::NotYetValid),
        "1002 is valid from tomorrow, and `reload` returned {loaded:?}: the operator who asked needs the reason."
    );
    for reason in [
        Reason::Expired,
        Reason::ChainBroken,
        Reason::PairMismatch,
        Reason::Malformed,
    ] {
        let next = pair(&bench.agent.issue().unwrap());
        let refuse =
            |_: &CertifiedKey| Err(reject(reason, Path::new("tls.crt"), &"the check's own"));
        let loaded = reload(&bench.store, || Ok(next), refuse);
        assert!(
            bench.shown() == "1001"
                && matches!(&loaded, Err(rejected) if rejected.reason == reason),
            "`validate` has rejected a pair for the reason `{}`. Clients are shown {} in place of 1001, and `reload` returned {loaded:?}. A pair that is rejected is not served, whatever the reason is.",
            reason.name(),
            bench.shown()
        );
    }
    bench.store.0.store(None);
    let early = bench.too_early();
    let loaded = reload(&bench.store, || Ok(early), |pair| bench.validate(pair));
    assert!(
        loaded.is_err() && bench.shown() == "nothing",
        "Nothing was served yet, the files hold a pair that is valid from tomorrow, and clients are shown {}. A pair that clients refuse is no better than none, and the operator who \
         started the server is not told.",
        bench.shown()
    );
    a_panic_is_no_yes();
    there_is_a_pair_at_each_moment();
}

/// A certificate that no code has foreseen brings down what judges it.
fn a_panic_is_no_yes() {
    let mut bench = bench();
    let next = pair(&bench.agent.issue().unwrap());
    let panics = |_: &CertifiedKey| panic!("the check's own");
    let judged = || reload(&bench.store, || Ok(next), panics);
    let loaded = catch_unwind(AssertUnwindSafe(judged));
    assert!(
        bench.shown() == "1001" && !matches!(loaded, Ok(Ok(_))),
        "`validate` panicked, and {}. Clients are shown {} in place of 1001. What could not be judged was not found valid: let the panic go on, or return an error, and leave what is served as it is.",
        match &loaded {
            Ok(loaded) => format!("`reload` returned {loaded:?}"),
            Err(_) => "`reload` with it".to_owned(),
        },
        bench.shown()
    );
}

/// A key that looks what is served in the moment in which it goes.
struct Leaving {
    key: Arc<dyn SigningKey>,
    store: Weak<Store>,
    seen: Arc<Mutex<Option<String>>>,
}

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaving")
    }
}

impl SigningKey for Leaving {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.key.choose_scheme(offered)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let store = self.store.upgrade();
        *self.seen.lock() = store.map(|store| shown(&store));
    }
}

/// One valid pair takes the place of another.
fn there_is_a_pair_at_each_moment() {
    let mut bench = bench();
    let next = pair(&bench.agent.issue().unwrap());
    let store = Arc::new(Store(ArcSwapOption::empty()));
    let seen = Arc::new(Mutex::new(None));
    let before = bench.store.0.swap(None).unwrap();
    let mut first = (*before.pair).clone();
    first.key = Arc::new(Leaving {
        key: first.key,
        store: Arc::downgrade(&store),
        seen: seen.clone(),
    });
    let (number, first) = (1, Arc::new(first));
    store.0.store(Some(Arc::new(Generation {
        number,
        pair: first,
    })));
    let loaded = reload(&store, || Ok(next), |pair| bench.validate(pair));
    let seen = seen.lock().clone();
    assert!(
        loaded.is_ok() && seen.as_deref().is_none_or(|seen| seen == "1002"),
        "1001 was served, and 1002 is valid. At the moment when the old pair went, clients were shown {}: one that comes in between finds nothing, and its handshake \
         fails. Make the next generation whole, and put it in the place of the one before by one call.",
        seen.unwrap_or("1001".into())
    );
}

/// A rejected pair uses up no number.
pub fn a_rejected_pair_uses_up_no_number() {
    let mut bench = bench();
    let (early, good) = (bench.too_early(), pair(&bench.agent.issue().unwrap()));
    let _ = reload(&bench.store, || Ok(early), |pair| bench.validate(pair));
    let loaded = reload(&bench.store, || Ok(good), |pair| bench.validate(pair));
    assert!(
        matches!(loaded, Ok(2)),
        "A pair was rejected, and the one after it is the second that is served. It has the number 2, and `reload` returned \
         {loaded:?}. A number that rises without a change makes the log lie."
    );
    nor_has_any_number_two_pairs();
}

/// An operator reloads by hand while the watcher's reload is under way. One that waits for the other is as good.
fn nor_has_any_number_two_pairs() {
    let mut bench = bench();
    let [slow, quick] = [(); 2].map(|()| pair(&bench.agent.issue().unwrap()));
    let store = &bench.store;
    let (slow, quick) = thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        let mut other = None;
        let slow = reload(
            store,
            || Ok(slow),
            |_| {
                other = Some(scope.spawn(move || {
                    let loaded = reload(store, || Ok(quick), |_| Ok(()));
                    let _ = ended.send(());
                    loaded
                }));
                // Where it waits, it goes on when this one has ended.
                let _ = end.recv_timeout(Duration::from_secs(2));
                Ok(())
            },
        );
        (slow, other.and_then(|other| other.join().ok()))
    });
    let numbers = [
        slow.as_ref().ok(),
        quick.as_ref().and_then(|quick| quick.as_ref().ok()),
    ];
    assert!(
        [[Some(&2), Some(&3)], [Some(&3), Some(&2)]].contains(&numbers)
            && bench.number() == Some(3),
        "While one pair was being validated, another reload came. `reload` returned {slow:?} for the first of the two and {quick:?} for the second, and {:?} is served: two pairs have one number, and the log does not say which of them a client holds. \
         Take the number when the pair is valid, from what is served then.",
        bench.number()
    );
}
