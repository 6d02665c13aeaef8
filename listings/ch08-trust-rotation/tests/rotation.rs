//! The program itself rotates its root, by files alone, and says so.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch06_in_flight_requests::client::Http;
use ch08_trust_rotation::client::{self, Generations};
use ch08_trust_rotation::party::{Party, issue};
use lab::BOUND;
use lab::authority::Authority;
use lab::child::Child;
use lab::client::Failure;
use lab::log::{Log, Want, want};
use rustix::process::Signal;

/// The program, and a client of it. Both trust Root A alone, and show a leaf under it.
pub(crate) struct Scene {
    // First: it is to be gone before its files are.
    server: Child,
    pub(crate) a: Authority,
    pub(crate) b: Authority,
    pub(crate) servers: Party,
    pub(crate) callers: Party,
    pub(crate) store: Arc<Generations>,
    pub(crate) address: SocketAddr,
}

impl Scene {
    /// `more` are arguments for the server.
    pub(crate) async fn new(more: &[&str]) -> Self {
        let named = |name| Authority::named(name).unwrap();
        let (mut a, b) = (named("Root A"), named("Root B"));
        let servers = Party::new(&mut a, 0x1001).unwrap();
        let callers = Party::new(&mut a, 0x1002).unwrap();
        Self::of(more, a, b, servers, callers).await
    }

    async fn of(more: &[&str], a: Authority, b: Authority, servers: Party, callers: Party) -> Self {
        let store = client::start(callers.source()).unwrap();
        let settle: &[_] = match more.contains(&"--settle-ms") {
            true => &[],
            false => &["--settle-ms", "20"],
        };
        let quick = [&["--poll-ms", "10"], settle, more].concat();
        let source = servers.source();
        let mut arguments = Serve::command_line_with(&source.files, &quick);
        if let Some(roots) = source.peer_roots {
            arguments.extend(["--client-roots".into(), roots.into()]);
        }
        let program = Path::new(env!("CARGO_BIN_EXE_ch08-trust-rotation"));
        let server = Child::spawn(program, arguments, |_| ()).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
        Self {
            server,
            a,
            b,
            servers,
            callers,
            store,
            address,
        }
    }

    pub(crate) fn log(&self) -> &Log {
        self.server.log()
    }

    /// The client looks at its files, and opens a connection.
    pub(crate) async fn connect(&self) -> Result<Http, Failure> {
        self.store.reload();
        client::connect(&self.store, self.address).await
    }

    /// The same, and it is let in, and leaves.
    pub(crate) async fn call(&self) {
        self.connect().await.unwrap().close().await;
    }
}

pub(crate) fn loaded(generation: u64) -> Want {
    want("identity_loaded").with("generation", generation)
}

pub(crate) fn moved(step: &str, root: &str) -> Want {
    want("trust_moved").with("step", step).with("root", root)
}

/// Rotates from Root A to Root B, with a client that moves in time.
async fn rotate(more: &[&str], bound: Duration) {
    let mut scene = Scene::new(&[&["--quiet-ms", "100"], more].concat()).await;
    scene.call().await;

    scene.callers.trust(&[&scene.a, &scene.b]).unwrap();
    scene.servers.trust(&[&scene.a, &scene.b]).unwrap();
    scene.log().wait_for(&loaded(2), bound).await;
    scene.call().await;
    let of_server = issue(&mut scene.b, 0x2001).unwrap();
    let of_client = issue(&mut scene.b, 0x2002).unwrap();
    scene.servers.show(&of_server).unwrap();
    scene.log().wait_for(&loaded(3), bound).await;
    scene.call().await;
    scene.callers.show(&of_client).unwrap();
    scene.call().await;
    scene.servers.trust(&[&scene.b]).unwrap();
    let removed = want("trust_moved").with("step", "remove");
    scene.log().wait_for(&removed, bound).await;
    scene.log().wait_for(&loaded(5), bound).await;
    scene.callers.trust(&[&scene.b]).unwrap();
    scene.call().await;

    let log = scene.log();
    log.assert_order(&[
        moved("add", "Root B"),
        moved("reissue", "Root B"),
        moved("retire", "Root A"),
        moved("drain", "Root A"),
        moved("remove", "Root A").with("connections", 0),
        want("trust_loaded").with("roots", "Root B"),
    ]);
    for unwanted in [
        "handshake_failed",
        "client_behind",
        "stray_line",
        "drain_refused",
    ] {
        log.assert_none(&want(unwanted));
    }
    log.assert_no_key_bytes([&of_server.key, &of_client.key]);
}

/// The old root is in the wrong hands: a signal removes it, whatever depends on it. A root that the
/// file lists is not removed by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_lets_go_of_what_is_not_listed() {
    // Nobody waits for an hour of quiet.
    let mut scene = Scene::new(&["--quiet-ms", "3600000", "--grace-ms", "500"]).await;
    scene.callers.trust(&[&scene.a, &scene.b]).unwrap();

    scene.servers.trust(&[&scene.a, &scene.b]).unwrap();
    scene.log().wait_for(&moved("add", "Root B"), BOUND).await;
    let leaf = issue(&mut scene.b, 0x2001).unwrap();
    scene.servers.show(&leaf).unwrap();
    let log = scene.log();
    log.wait_for(&moved("retire", "Root A"), BOUND).await;
    scene.server.signal(Signal::USR1).unwrap();
    let nothing = want("trust_forced").with("roots", "");
    log.wait_for(&nothing, BOUND).await;

    // What was said of a root that was listed is not remembered against it.
    scene.servers.trust(&[&scene.b]).unwrap();
    log.wait_for(&moved("drain", "Root A"), BOUND).await;
    let late = scene.connect().await.unwrap();
    scene.server.signal(Signal::USR1).unwrap();
    let forced = want("trust_forced").with("roots", "Root A");
    log.wait_for(&forced, BOUND).await;
    let removed = moved("remove", "Root A");
    log.wait_for(&removed, BOUND).await;
    log.wait_for(&want("trust_loaded").with("roots", "Root B"), BOUND)
        .await;
    let refused = async {
        while scene.connect().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, refused)
        .await
        .expect("it is let in by a root that was forced out");
    tokio::time::timeout(BOUND, late.ended())
        .await
        .expect("its connection is still open");
    log.assert_order(&[nothing, moved("drain", "Root A"), forced, removed]);
}

/// The server's leaf is under a public authority, which lets nobody in. The clients' root rotates
/// without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_has_two_trusts() {
    let named = |name| Authority::named(name).unwrap();
    let (mut a, mut b, mut public) = (named("Root A"), named("Root B"), named("Public"));
    let servers = Party::apart(&mut public, 0x3001, &[&a]).unwrap();
    let mut callers = Party::apart(&mut a, 0x1002, &[&public]).unwrap();
    let stranger = Party::new(&mut public, 0x9001).unwrap();
    let of_b = issue(&mut b, 0x2002).unwrap();
    // The clients' own file has both roots: that is not what they judge the server by.
    let own = format!("{}{}", a.root_pem(), b.root_pem());
    std::fs::write(&callers.source().files.roots, own).unwrap();
    callers.show(&issue(&mut a, 0x1003).unwrap()).unwrap();
    let mut scene = Scene::of(&["--quiet-ms", "100"], a, b, servers, callers).await;
    let strangers = client::start(stranger.source()).unwrap();
    let kept_out = async |scene: &Scene| {
        let let_in = client::connect(&strangers, scene.address).await.is_ok();
        assert!(!let_in, "a leaf of the server's own authority is let in");
    };
    scene.call().await;
    kept_out(&scene).await;
    scene.servers.trust(&[&scene.a, &scene.b]).unwrap();
    scene.log().wait_for(&moved("add", "Root B"), BOUND).await;
    scene.log().wait_for(&loaded(2), BOUND).await;
    kept_out(&scene).await;
    scene.callers.show(&of_b).unwrap();
    scene.call().await;
    scene.servers.trust(&[&scene.b]).unwrap();
    let removed = moved("remove", "Root A");
    scene.log().wait_for(&removed, BOUND).await;
    scene.call().await;
    kept_out(&scene).await;
    let log = scene.log();
    log.wait_for_all(&want("handshake_failed"), 3, BOUND).await;
    let trusted = log.all(&want("trust_loaded"));
    let trusted: Vec<_> = trusted
        .iter()
        .filter_map(|event| event.text("roots"))
        .collect();
    assert_eq!(trusted, ["Root A", "Root A, Root B", "Root B"]);
}

/// Keys have leaked: a signal discards all sessions, and the roots stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_discards_every_session() {
    let scene = Scene::new(&[]).await;
    for _ in 0..2 {
        scene.call().await;
    }
    let opened = |resumed| want("connection_opened").with("resumed", resumed);
    scene.log().wait_for_all(&opened(true), 1, BOUND).await;
    scene.server.signal(Signal::USR2).unwrap();
    let discarded = want("tickets_discarded").with("generation", 1);
    scene.log().wait_for(&discarded, BOUND).await;
    scene.call().await;
    scene.log().wait_for_all(&opened(false), 2, BOUND).await;
    scene.log().assert_none(&want("trust_moved"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_rotates_its_root() {
    rotate(&[], BOUND).await;
}

/// The suite must fail where the server does not follow its files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded generation=2`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    rotate(&["--frozen"], Duration::from_secs(1)).await;
}

/// And where it takes its file for the truth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `trust_moved step=\"remove\"`, and it did not come")]
async fn a_server_that_does_not_hold_its_roots_fails() {
    rotate(&["--trust", "as-listed"], Duration::from_secs(1)).await;
}
