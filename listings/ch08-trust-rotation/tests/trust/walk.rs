//! Every short sequence of what agents, clients, time and operators do, from several places of a
//! rotation. After each step, with real handshakes, what must always hold does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{Contents, Identity, Peers, Source, validate};
use ch06_in_flight_requests::client::Clock;
use ch08_trust_rotation::root::Root;
use ch08_trust_rotation::roots::{Hold, Roots, TICKET_LIFE};
use ch08_trust_rotation::{RootUsage, Stage, Step};
use lab::agent::Files;
use lab::authority::{Authority, LeafRequest};
use lab::event::Event;
use lab::log::Log;
use lab::memory;
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;

use super::bench::{QUIET, Session, named, sessions};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// The file of roots.
    ListA,
    ListB,
    ListBoth,
    /// The file of the leaf.
    LeafA,
    LeafB,
    /// A client of Root A or Root B opens a connection, and keeps it.
    HoldA,
    HoldB,
    /// All who hold one leave.
    Leave,
    /// Nobody comes for a while; and for as long as a ticket lives.
    Quiet,
    Night,
    /// An operator has lost patience.
    ForceA,
}

const ALL: [Act; 11] = [
    Act::ListA,
    Act::ListB,
    Act::ListBoth,
    Act::LeafA,
    Act::LeafB,
    Act::HoldA,
    Act::HoldB,
    Act::Leave,
    Act::Quiet,
    Act::Night,
    Act::ForceA,
];

/// Where walks begin.
const STARTS: [&[Act]; 6] = [
    &[],
    &[Act::ListBoth, Act::HoldA],
    &[Act::ListBoth, Act::LeafB, Act::HoldA],
    &[Act::ListBoth, Act::LeafB, Act::HoldA, Act::ListB],
    &[Act::ListBoth, Act::LeafB, Act::ListB, Act::Quiet],
    &[
        Act::ListBoth,
        Act::LeafB,
        Act::HoldA,
        Act::ListB,
        Act::ForceA,
    ],
];

/// What is the same in all walks.
struct World {
    pem: BTreeMap<&'static str, Vec<u8>>,
    clients: [Arc<ClientConfig>; 2],
    nobody: Arc<ClientConfig>,
    source: Source,
}

impl World {
    fn new() -> Self {
        let (mut a, mut b) = (named("Root A"), named("Root B"));
        // Nights pass: an hour would not do.
        let issue = |authority: &mut Authority| {
            let mut request = LeafRequest::new("localhost");
            request.lifetime = TICKET_LIFE * 20;
            authority.issue(&request).unwrap()
        };
        let leaf = |authority: &mut Authority| {
            let issued = issue(authority);
            format!("{}{}", issued.chain_pem, issued.key.expose()).into_bytes()
        };
        let both = format!("{}{}", a.root_pem(), b.root_pem());
        let pem = BTreeMap::from([
            ("leaf A", leaf(&mut a)),
            ("leaf B", leaf(&mut b)),
            ("A", a.root_pem().into()),
            ("B", b.root_pem().into()),
            ("both", both.into_bytes()),
        ]);
        let (of_a, of_b) = (issue(&mut a), issue(&mut b));
        // No client keeps a session: whether it gets in is asked of the roots alone.
        let config = |leaf| {
            let config = Session::Tls13.config(leaf, &[&a, &b]);
            let mut config = Arc::unwrap_or_clone(config);
            config.resumption = rustls::client::Resumption::disabled();
            Arc::new(config)
        };
        Self {
            clients: [config(Some(&of_a)), config(Some(&of_b))],
            nobody: config(None),
            pem,
            source: Source::localhost(Files {
                certificate: "tls.pem".into(),
                key: "tls.pem".into(),
                roots: "ca.crt".into(),
            }),
        }
    }
}

struct Walk<'w> {
    world: &'w World,
    files: Arc<Mutex<Contents>>,
    clock: Arc<Clock>,
    roots: Arc<Roots>,
    store: Arc<IdentityStore>,
    held: Vec<(usize, Hold)>,
    forced: bool,
    log: Log,
}

const NAMES: [&str; 2] = ["Root A", "Root B"];

impl<'w> Walk<'w> {
    fn new(world: &'w World, log: &Log) -> Self {
        let files = Arc::new(Mutex::new(Contents {
            certificate: world.pem["leaf A"].clone(),
            key: world.pem["leaf A"].clone(),
            roots: world.pem["A"].clone(),
        }));
        let clock = Clock::new();
        let roots = Roots::with_clock(world.source.clone(), sessions(), QUIET, clock.clone());
        let reading = files.clone();
        let read = move |source: &Source, _: Option<&Identity>| {
            let contents = reading.lock().unwrap().clone();
            validate(source, &contents, Peers::Clients, UnixTime::now())
        };
        let loader = roots.loader(Box::new(read));
        let store = IdentityStore::start_by(loader, world.source.clone()).unwrap();
        Self {
            world,
            files,
            clock,
            roots,
            store,
            held: Vec::new(),
            forced: false,
            log: log.clone(),
        }
    }

    /// Does it, and looks at the files. Says whether there was anything to do.
    async fn act(&mut self, act: Act) -> bool {
        let before = self.files.lock().unwrap().clone();
        let list = |roots: &str| self.files.lock().unwrap().roots = self.world.pem[roots].clone();
        let leaf = |leaf: &str| {
            let mut files = self.files.lock().unwrap();
            files.certificate = self.world.pem[leaf].clone();
            files.key = files.certificate.clone();
        };
        match act {
            Act::ListA => list("A"),
            Act::ListB => list("B"),
            Act::ListBoth => list("both"),
            Act::LeafA => leaf("leaf A"),
            Act::LeafB => leaf("leaf B"),
            Act::HoldA => return self.hold(0),
            Act::HoldB => return self.hold(1),
            Act::Leave if self.held.is_empty() => return false,
            Act::Leave => self.held.clear(),
            Act::Quiet => tokio::time::advance(QUIET).await,
            Act::Night => {
                self.clock.forward(TICKET_LIFE.as_secs() + 1);
            }
            Act::ForceA => match self.stage(0) {
                Some((root, ..)) if self.roots.force(&root) => self.forced = true,
                _ => return false,
            },
        }
        let is_file = matches!(
            act,
            Act::ListA | Act::ListB | Act::ListBoth | Act::LeafA | Act::LeafB
        );
        if is_file && *self.files.lock().unwrap() == before {
            return false;
        }
        // A leaf whose root is not listed is refused: the last good set goes on.
        self.store.reload();
        self.roots.drain_all(&self.store);
        self.store.reload();
        true
    }

    fn hold(&mut self, who: usize) -> bool {
        let generation = self.store.current();
        let handshake = memory::handshake(&generation.config, &self.world.clients[who]);
        let Ok((server, _)) = handshake else {
            return false;
        };
        let chain = server.peer_certificates().unwrap();
        let hold = self.roots.let_in(&self.store, &generation, chain).unwrap();
        self.held.push((who, hold));
        true
    }

    fn stage(&self, who: usize) -> Option<(Root, Stage, RootUsage)> {
        let mut stages = self.roots.stages(&self.store).into_iter();
        stages.find(|(root, ..)| root.name() == NAMES[who])
    }

    /// What must hold at any time.
    fn check(&self, path: &[Act]) {
        let generation = self.store.current();
        let gets_in = |client| memory::handshake(&generation.config, client).is_ok();
        assert!(!gets_in(&self.world.nobody), "{path:?}");
        for who in [0, 1] {
            let in_force = self.stage(who);
            // Who has a leaf under a root gets in exactly as long as it is in force.
            let client = &self.world.clients[who];
            assert_eq!(gets_in(client), in_force.is_some(), "{path:?} {who}");
            let held = self.held.iter().filter(|(of, _)| *of == who).count();
            match in_force {
                Some((.., usage)) => assert_eq!(usage.connections, held, "{path:?}"),
                None => assert!(held == 0 || (self.forced && who == 0), "{path:?}: lost"),
            }
        }
        let own = self.roots.stages(&self.store);
        let issuing = own.iter().filter(|(_, stage, _)| *stage == Stage::Issuing);
        assert_eq!(
            issuing.count(),
            1,
            "{path:?}: the own leaf leads to one root"
        );
        self.follow(path);
    }

    /// Every transition is an event, and each is one that the table allows.
    fn follow(&self, path: &[Act]) {
        let mut stages = BTreeMap::from([("Root A", Stage::Issuing), ("Root B", Stage::Absent)]);
        for event in self.moves() {
            let root = event.text("root").unwrap();
            let (root, stage) = stages
                .iter_mut()
                .find(|(name, _)| **name == root)
                .expect("there are two roots");
            let step = event.text("step").unwrap();
            let step = Step::ALL.into_iter().find(|known| known.name() == step);
            let usage = RootUsage {
                connections: event.number("connections").unwrap_or(0) as usize,
                tickets_until: event
                    .0
                    .get("tickets_until")
                    .and_then(|until| until.is_string().then(UnixTime::now)),
                quiet_in: None,
            };
            let forced = self.forced && *root == "Root A";
            let next = stage.after(step.unwrap(), &usage, forced);
            *stage = next.unwrap_or_else(|refusal| panic!("{path:?}: {event}: {refusal}"));
        }
        for (name, stage) in stages {
            let who = NAMES.iter().position(|known| *known == name).unwrap();
            let is = self.stage(who).map_or(Stage::Absent, |(_, stage, _)| stage);
            assert_eq!(is, stage, "{path:?}: {name} is not where its events say");
        }
    }

    fn moves(&self) -> Vec<Event> {
        let events = self.log.events();
        let begun = events.iter().rposition(|event| {
            event.name() == "identity_loaded" && event.number("generation") == Some(1)
        });
        let of_this_walk = events.into_iter().skip(begun.unwrap_or(0));
        of_this_walk
            .filter(|event| event.name() == "trust_moved")
            .collect()
    }
}

/// Walks `length` acts in every way from every start, and returns how many states were looked at.
async fn walk(length: usize) -> usize {
    let world = World::new();
    let mut seen = BTreeSet::new();
    for start in STARTS {
        // Where to walk on: the acts so far, and the first that has not been tried there.
        let mut ahead = vec![(start.to_vec(), 0)];
        while let Some((mut path, mut next)) = ahead.pop() {
            let (log, _capturing) = lab::emit::capture();
            let mut now = Walk::new(&world, &log);
            for act in &path {
                now.act(*act).await;
            }
            while path.len() < start.len() + length && next < ALL.len() {
                let act = ALL[next];
                next += 1;
                // Where there was nothing to do, all is as before: the same walk tries the next act.
                if now.act(act).await {
                    ahead.push((path.clone(), next));
                    path.push(act);
                    next = 0;
                    // What begins in the same way has been looked at there.
                    if seen.insert(path.clone()) {
                        now.check(&path);
                    }
                }
            }
        }
    }
    seen.len()
}

#[tokio::test(start_paused = true)]
async fn every_short_walk() {
    let states = walk(2).await;
    assert!(states > 300, "only {states} states");
}

/// The same with one act more, for whoever changes the machine: it takes a minute.
#[tokio::test(start_paused = true)]
#[ignore = "takes a minute; `--ignored` runs it"]
async fn every_longer_walk() {
    let states = walk(3).await;
    eprintln!("{states} states");
}
