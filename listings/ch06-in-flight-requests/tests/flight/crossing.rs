//! One thousand held connections and three long downloads cross one hundred rotations.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch06_in_flight_requests::client::{self, Download, Http, Version};
use ch06_in_flight_requests::descriptors::make_room;
use lab::agent::{Agent, Strategy};
use lab::authority::Issued;
use lab::child::Child;
use lab::client::{Client, Connection, Options};
use lab::log::{Log, want};

const HELD: usize = 1000;
const ROTATIONS: u64 = 100;
/// Never retires a generation.
const PATIENT: &[&str] = &["--lag", "1000"];
const MIB: u64 = 1 << 20;

enum Held {
    Http(Http),
    Bare(Box<Connection>),
}

impl Held {
    async fn get(&mut self, size: u32) {
        let held = match self {
            // A connection that is asked to leave is not held.
            Self::Http(http) => http.get(size.into()).await.map(|close| !close),
            Self::Bare(bare) => bare.pull(size).await.map(|()| true),
        };
        assert!(
            matches!(held, Ok(true)),
            "a connection was not held: {held:?}"
        );
    }

    async fn close(self) {
        match self {
            Self::Http(http) => http.close().await,
            Self::Bare(bare) => bare.close().await,
        }
    }
}

/// A download over each protocol, and a pool of connections in turn of each.
struct Crossing {
    http1: Http,
    http2: Http,
    over: [Download; 2],
    bare: Connection,
    pool: Vec<Held>,
    sizes: [u64; 3],
    /// Calls anew at each rotation.
    stranger: Client,
    address: SocketAddr,
}

impl Crossing {
    async fn start(roots_pem: &str, address: SocketAddr, held: usize, sizes: [u64; 3]) -> Self {
        let options = Options::default();
        let http = |version| {
            let config = client::config(roots_pem, version, options).unwrap();
            Client::with_config(Arc::new(config), "localhost").unwrap()
        };
        let clients = [http(Version::Http1), http(Version::Http2)];
        let stranger = Client::new(roots_pem, "localhost", options).unwrap();
        let mut pool = Vec::new();
        for at in 0..held {
            pool.push(match at % 3 {
                2 => Held::Bare(Box::new(stranger.connect(address).await.unwrap())),
                version => Held::Http(Http::connect(&clients[version], address).await.unwrap()),
            });
        }
        // Only now: on a slow machine the pool takes a while, and an answer that is not read is given up.
        let mut http1 = Http::connect(&clients[0], address).await.unwrap();
        let mut http2 = Http::connect(&clients[1], address).await.unwrap();
        let over = [
            http1.start(sizes[0]).await.unwrap(),
            http2.start(sizes[1]).await.unwrap(),
        ];
        let bare = stranger.connect(address).await.unwrap();
        Self {
            http1,
            http2,
            over,
            bare,
            pool,
            sizes,
            stranger,
            address,
        }
    }

    /// After a rotation: a new client is shown `issued`, and everything that is open goes on.
    async fn crossed(&mut self, rotation: u64, rotations: u64, issued: &Issued) {
        let shown = self.stranger.probe(self.address).await.unwrap().chain;
        assert_eq!(shown, issued.facts);
        for (download, size) in self.over.iter_mut().zip(self.sizes) {
            download.pull(size / rotations).await.unwrap();
        }
        let part = self.sizes[2] / rotations;
        self.bare.pull(part as u32).await.unwrap();
        // A tenth of the pool in turn; each is in use while rotations happen.
        let tenth = self
            .pool
            .iter_mut()
            .skip(rotation as usize % 10)
            .step_by(10);
        for held in tenth {
            held.get(100).await;
        }
    }

    /// Everything is used to its end, and closed.
    async fn finish(mut self) {
        for held in &mut self.pool {
            held.get(1).await;
        }
        for download in &mut self.over {
            download.finish().await.unwrap();
        }
        let left = self.sizes[2] - self.bare.received();
        self.bare.pull(left as u32).await.unwrap();

        drop(self.over);
        self.http1.close().await;
        self.http2.close().await;
        self.bare.close().await;
        for held in self.pool {
            held.close().await;
        }
    }
}

/// Holds connections of each protocol, and downloads `sizes` over HTTP/1.1, HTTP/2 and a bare
/// stream, across rotations. Returns the server's log.
async fn cross(
    held: usize,
    rotations: u64,
    sizes: [u64; 3],
    more: &[&str],
    bound: Duration,
) -> Log {
    make_room(4096).unwrap();
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_ch06-in-flight-requests"));
    let arguments = Serve::command_line_with(&agent.files(), more);
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], child.port(lab::BOUND).await));
    let mut crossing = Crossing::start(agent.root_pem(), address, held, sizes).await;
    for rotation in 1..=rotations {
        let issued = agent.rotate().unwrap();
        let loaded = want("identity_loaded").with("serial", issued.facts.serial.as_str());
        child.log().wait_for(&loaded, bound).await;
        crossing.crossed(rotation, rotations, &issued).await;
    }
    crossing.finish().await;
    let closed = want("connection_closed").with("generation", 1);
    child
        .log()
        .wait_for_all(&closed, held + 3, lab::BOUND)
        .await;
    child.log().clone()
}

/// Every connection but the probes is of generation 1, ended when its client did, and had sent
/// all that was asked for.
fn assert_crossed(log: &Log, held: usize, rotations: u64, sizes: [u64; 3]) {
    assert_eq!(
        log.all(&want("identity_loaded")).len() as u64,
        rotations + 1
    );
    let closed = log.all(&want("connection_closed").with("generation", 1));
    assert_eq!(closed.len(), held + 3);
    let bytes: u64 = closed
        .iter()
        .filter_map(|event| event.number("bytes"))
        .sum();
    let asked = sizes.iter().sum::<u64>() + held as u64 * (rotations / 10 * 100 + 1);
    assert_eq!(bytes, asked);
    for why in ["cut", "deadline", "drained", "aged"] {
        log.assert_none(&want("connection_closed").with("why", why));
    }
    for unwanted in [
        "identity_rejected",
        "handshake_failed",
        "stray_line",
        "drain_started",
    ] {
        log.assert_none(&want(unwanted));
    }
}

#[tokio::test]
async fn a_thousand_connections_and_a_gibibyte_cross_a_hundred_rotations() {
    let sizes = [1024 * MIB, 64 * MIB, 64 * MIB];
    let log = cross(HELD, ROTATIONS, sizes, PATIENT, lab::BOUND).await;
    assert_crossed(&log, HELD, ROTATIONS, sizes);
}

/// The whole size three times, for whoever has the seconds.
#[tokio::test]
#[ignore = "takes longer than the whole suite may"]
async fn a_gibibyte_over_each_protocol_crosses_a_hundred_rotations() {
    let sizes = [1024 * MIB; 3];
    let log = cross(HELD, ROTATIONS, sizes, PATIENT, lab::BOUND).await;
    assert_crossed(&log, HELD, ROTATIONS, sizes);
}

/// The control: a server that retires each generation at once does not get its clients across.
#[tokio::test]
#[should_panic(expected = "a connection was not held")]
async fn a_server_that_drains_at_once_fails_the_test() {
    let at_once = ["--lag", "0", "--spread-ms", "0"];
    cross(3, 10, [MIB; 3], &at_once, lab::BOUND).await;
}

/// The control: a server that does not reload fails the test.
#[tokio::test]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails_the_test() {
    let bound = Duration::from_secs(2);
    cross(3, 1, [MIB; 3], &["--frozen"], bound).await;
}
