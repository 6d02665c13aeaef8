//! A trust anchor that expires while a server runs: told at the first look after its end, whatever the
//! anchor is there for.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ch02_hot_reload::identity::{Reason, Source};
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options, Reader};
use lab::agent::{Agent, Strategy};
use lab::authority::Authority;
use lab::log::{Log, want};
use lab_test::contract::Contract;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tempfile::TempDir;
use time::OffsetDateTime;
use tracing::subscriber::DefaultGuard;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// How long the lab's roots last from now on.
const LIFE: Duration = Duration::from_secs((3650 - 1) * 24 * HOUR);

/// A clock that is set, in seconds since 1970.
#[derive(Debug)]
struct Clock(AtomicU64);

impl Clock {
    fn new(now: OffsetDateTime) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(now.unix_timestamp() as u64)))
    }

    fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = Duration::from_secs(self.0.load(Ordering::Relaxed));
        Some(UnixTime::since_unix_epoch(now))
    }
}

/// When an authority has to be made, so that its root has half an hour left: the lab's leaves have an hour.
fn so_that_it_ends(now: OffsetDateTime) -> OffsetDateTime {
    now - LIFE + Duration::from_secs(HOUR / 2)
}

struct Bench {
    agent: Agent,
    store: Arc<IdentityStore>,
    clock: Arc<Clock>,
    log: Log,
    _capturing: DefaultGuard,
    directory: TempDir,
}

impl Bench {
    /// A server whose authority was made at this time, with these roots beside its own in the file, and
    /// those for its peers.
    fn new(made: OffsetDateTime, beside: &[&Authority], peers: &[&Authority]) -> Self {
        Self::with(Options::default(), made, beside, peers)
    }

    fn with(
        options: Options,
        made: OffsetDateTime,
        beside: &[&Authority],
        peers: &[&Authority],
    ) -> Self {
        let (log, capturing) = lab::emit::capture();
        let (now, directory) = (OffsetDateTime::now_utc(), lab::directory().unwrap());
        let mut agent = Agent::at(directory.path(), Strategy::RenameEach, made).unwrap();
        agent.authority().set_clock(now);
        agent.authority().reissue_intermediate().unwrap();
        agent.rotate().unwrap();
        let pem = |roots: &[&Authority]| -> String { roots.iter().map(|r| r.root_pem()).collect() };
        let own = format!("{}{}", agent.root_pem(), pem(beside));
        agent.write_roots(&own).unwrap();
        let peer_roots = directory.path().join("peers.crt");
        fs::write(&peer_roots, pem(peers)).unwrap();
        let source = Source {
            peer_roots: Some(peer_roots),
            ..Source::localhost(agent.files())
        };
        let clock = Clock::new(now);
        let reader = Reader::new(options).by_date(clock.clone());
        Self {
            store: IdentityStore::start_by(reader.loader(), source).unwrap(),
            agent,
            clock,
            log,
            _capturing: capturing,
            directory,
        }
    }

    /// The files of the anchors that were told of, in order.
    fn told(&self) -> Vec<PathBuf> {
        let told = self.log.all(&want("trust_expired"));
        let contract = Contract::of_events();
        for event in &told {
            assert!(contract.allows(&event.0.clone().into()), "{event}");
            assert_eq!(event.text("root").as_deref(), Some("Lab Root"));
        }
        let files = told.iter().map(|event| event.text("file").unwrap());
        files.map(PathBuf::from).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A root beside the one that the chain leads to, and one of the peers: each is told of once, in the
/// minute in which it ends and not before, and holds no renewal up.
#[test]
fn a_root_that_expires_is_told_of_once_and_holds_nothing_up() {
    let now = OffsetDateTime::now_utc();
    let (ends, lasts) = (
        Authority::at(so_that_it_ends(now)).unwrap(),
        Authority::at(now).unwrap(),
    );
    let cases: [(&[_], &[_], &str); 2] = [
        (&[&ends], &[&lasts], "ca.crt"),
        (&[&lasts], &[&lasts, &ends], "peers.crt"),
    ];
    for (beside, peers, file) in cases {
        let mut bench = Bench::new(now, beside, peers);
        bench.clock.forward(HOUR / 2 - MINUTE);
        assert!(matches!(bench.store.reload(), Reload::Unchanged));
        assert!(bench.told().is_empty(), "too early");
        bench.clock.forward(2 * MINUTE);
        for _ in 0..3 {
            assert!(matches!(bench.store.reload(), Reload::Unchanged));
            assert_eq!(bench.told(), [bench.path(file)]);
        }
        bench.agent.rotate().unwrap();
        assert!(matches!(bench.store.reload(), Reload::Loaded(_)), "{file}");
        assert_eq!(bench.told(), [bench.path(file)]);
    }
}

/// The chain leads to no other: from its root's end on, each look rejects it, and what was served goes on.
#[test]
fn the_root_of_the_chain_that_expires_is_told_as_a_rejection() {
    let now = OffsetDateTime::now_utc();
    let lasts = Authority::at(now).unwrap();
    let bench = Bench::new(so_that_it_ends(now), &[&lasts], &[&lasts]);
    bench.clock.forward(HOUR / 2 - MINUTE);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
    bench.clock.forward(2 * MINUTE);
    let Reload::Rejected(rejected) = bench.store.reload() else {
        panic!("not rejected");
    };
    assert_eq!(rejected.reason, Reason::Expired);
    assert_eq!(rejected.file, bench.path("ca.crt"));
    assert_eq!(bench.store.current().number, 1);
}

/// One that had expired before is told of at the start.
#[test]
fn a_root_that_has_expired_is_told_of_at_the_start() {
    let now = OffsetDateTime::now_utc();
    let lasts = Authority::at(now).unwrap();
    let ended = Authority::at(so_that_it_ends(now) - Duration::from_secs(HOUR)).unwrap();
    let bench = Bench::new(now, &[], &[&ended, &lasts]);
    assert_eq!(bench.told(), [bench.path("peers.crt")]);
}

/// notAfter is the last second in which a root is in force, and no look tells its end before.
#[test]
fn the_last_second_of_a_root_counts() {
    let now = OffsetDateTime::now_utc();
    let lasts = Authority::at(now).unwrap();
    let ends = Authority::at(so_that_it_ends(now)).unwrap();
    let bench = Bench::new(now, &[], &[&ends, &lasts]);
    bench.clock.forward(HOUR / 2);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
    assert_eq!(bench.told(), Vec::<PathBuf>::new());
    bench.clock.forward(1);
    assert!(matches!(bench.store.reload(), Reload::Unchanged));
    assert_eq!(bench.told(), [bench.path("peers.crt")]);
}

/// It is removed from its file: that ends the alarm, and is told once.
#[test]
fn a_root_that_has_expired_and_is_removed() {
    let now = OffsetDateTime::now_utc();
    let lasts = Authority::at(now).unwrap();
    let ended = Authority::at(so_that_it_ends(now) - Duration::from_secs(HOUR)).unwrap();
    let hasty = Options {
        settle: Duration::ZERO,
        ..Options::default()
    };
    let bench = Bench::with(hasty, now, &[], &[&ended, &lasts]);
    bench.log.assert_none(&want("fault_ended"));
    fs::write(bench.path("peers.crt"), lasts.root_pem()).unwrap();
    for _ in 0..3 {
        bench.store.reload();
    }
    let over = bench.log.all(&want("fault_ended"));
    assert_eq!(over.len(), 1, "{over:?}");
    assert!(Contract::of_events().allows(&over[0].0.clone().into()));
    assert_eq!(over[0].text("fault").as_deref(), Some("trust_expired"));
    let told = bench.log.all(&want("trust_expired")).remove(0);
    for field in ["file", "root", "root_sha256"] {
        assert_eq!(over[0].text(field), told.text(field), "{field}");
    }
}
