//! What a server that follows its files must stand: the same for each server in the book, in
//! whatever language.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agent::{Agent, Files, Strategy};
use crate::authority::Issued;
use crate::child::Child;
use crate::client::{Client, Failure, Options, Seen};
use crate::log::{Log, want};

/// Clients that connect around each rotation.
const CLIENTS: usize = 2;
/// How often each of them connects from the moment at which a rotation begins. A number, and not
/// as often as it can: what a run costs does not depend on how long the machine takes for it.
const CONNECTS: u32 = 6;
/// The pause after each, so that they reach from before the swap to after it.
const PAUSE: Duration = Duration::from_millis(1);

/// What clients saw in a run in which nothing failed.
#[derive(Debug)]
pub struct Report {
    /// How many handshakes there were. None failed.
    pub handshakes: usize,
    /// How many different certificates clients were shown.
    pub serials: usize,
}

/// Calls a macro with every strategy, and with the name of a test for each.
#[macro_export]
macro_rules! each_strategy {
    ($tests:ident) => {
        $tests! {
            rename_each: RenameEach,
            bundle: Bundle,
            symlink: Symlink,
            in_place: InPlace,
            remove_create: RemoveCreate,
            key_first: KeyFirst,
            certificate_first: CertificateFirst,
        }
    };
}

/// Writes a first identity into a new directory, starts `program` with the `arguments` that name
/// the agent's files, and rotates so many times while clients shake hands. Each rotation must be
/// loaded within `bound`.
///
/// # Panics
/// With the server's log, unless no handshake failed, no chain was mixed, and every new serial was
/// seen.
pub async fn rotate_under_load(
    program: &Path,
    arguments: impl FnOnce(&Files) -> Vec<OsString>,
    bound: Duration,
    strategy: Strategy,
    rotations: u64,
) -> Report {
    let directory = crate::directory().unwrap();
    let mut agent = Agent::new(directory.path(), strategy).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let first = agent.rotate().unwrap();
    let child = Child::spawn(program, arguments(&agent.files()), |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], child.port(crate::BOUND).await));
    let log = child.log();

    let load = Load::start(&client, address);
    let mut issued = BTreeMap::from([(first.facts.serial.clone(), first.clone())]);
    let mut seen = Vec::new();
    for rotation in 1..=rotations {
        load.begun.send_replace(rotation);
        let next = agent.rotate().unwrap();
        let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
        log.wait_for(&loaded, bound).await;
        let probe = client.probe(address).await;
        let shown = probe.as_ref().map(|seen| seen.chain.serial.as_str());
        assert_eq!(
            shown.ok(),
            Some(next.facts.serial.as_str()),
            "what was loaded is not what is shown"
        );
        seen.push(probe);
        issued.insert(next.facts.serial.clone(), next);
    }
    seen.extend(load.stop().await);

    let report = assert_seen(seen, &issued, &first);
    assert_logged(log, &issued);
    report
}

type Probed = Result<Seen, Failure>;

/// Clients that connect around each rotation.
struct Load {
    begun: watch::Sender<u64>,
    clients: JoinSet<Vec<Probed>>,
}

impl Load {
    fn start(client: &Client, server: SocketAddr) -> Self {
        let (begun, mut clients) = (watch::Sender::new(0), JoinSet::new());
        for _ in 0..CLIENTS {
            clients.spawn(connect(client.clone(), server, begun.subscribe()));
        }
        Self { begun, clients }
    }

    async fn stop(self) -> impl Iterator<Item = Probed> {
        drop(self.begun);
        self.clients.join_all().await.into_iter().flatten()
    }
}

/// Connects so often at each rotation that begins, until there are no more, and returns what was
/// seen.
async fn connect(
    client: Client,
    address: SocketAddr,
    mut begun: watch::Receiver<u64>,
) -> Vec<Probed> {
    let mut seen = Vec::new();
    while begun.changed().await.is_ok() {
        for _ in 0..CONNECTS {
            seen.push(client.probe(address).await);
            tokio::time::sleep(PAUSE).await;
        }
    }
    seen
}

/// No handshake failed, each chain was one that was issued, and each new one was seen.
fn assert_seen(seen: Vec<Probed>, issued: &BTreeMap<String, Issued>, first: &Issued) -> Report {
    let failures: Vec<_> = seen.iter().filter_map(|seen| seen.as_ref().err()).collect();
    assert!(failures.is_empty(), "handshakes failed: {failures:?}");
    let handshakes = seen.len();
    let mut serials = BTreeMap::new();
    for seen in seen.into_iter().flatten() {
        let whole = &issued[&seen.chain.serial].facts;
        assert_eq!(&seen.chain, whole, "a chain that was never issued");
        assert!(!seen.resumed, "a probe that resumes proves nothing");
        *serials.entry(seen.chain.serial).or_insert(0) += 1;
    }
    let new = issued
        .keys()
        .filter(|serial| **serial != first.facts.serial);
    let missed: Vec<_> = new
        .filter(|serial| !serials.contains_key(*serial))
        .collect();
    assert!(missed.is_empty(), "never shown to anybody: {missed:?}");
    Report {
        handshakes,
        serials: serials.len(),
    }
}

/// Each identity was loaded once, in the order in which it was issued, and nothing went wrong.
fn assert_logged(log: &Log, issued: &BTreeMap<String, Issued>) {
    let loaded = log.all(&want("identity_loaded"));
    let order: Vec<_> = issued
        .keys()
        .zip(1u64..)
        .map(|(serial, generation)| {
            want("identity_loaded")
                .with("generation", generation)
                .with("serial", serial.as_str())
        })
        .collect();
    log.assert_order(&order);
    log.assert_unique("identity_loaded", "serial");
    assert_eq!(loaded.len(), issued.len());
    log.assert_none(&want("handshake_failed"));
    log.assert_none(&want("stray_line"));
    log.assert_no_key_bytes(issued.values().map(|issued| &issued.key));
}
