//! Each option of the program is heard: with it, clients see something else than without it. `--lag`,
//! `--spread-ms` and `--frozen` are heard where a pool crosses rotations.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch06_in_flight_requests::client::{self, Http, Version};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::{Want, want};
use tempfile::TempDir;

/// Less than what the defaults take: half a minute, and nine tenths of an hour.
const SOON: Duration = Duration::from_secs(20);

/// The program, and a client of it that comes back.
struct Scene {
    // First: it is to be gone before its files are.
    server: Child,
    agent: Agent,
    client: Client,
    address: SocketAddr,
    _directory: TempDir,
}

impl Scene {
    async fn new(options: &[&str]) -> Self {
        let directory = lab::directory().unwrap();
        let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
        let arguments = Serve::command_line_with(&agent.files(), options);
        let program = Path::new(env!("CARGO_BIN_EXE_ch06-in-flight-requests"));
        let server = Child::spawn(program, arguments, |_| ()).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
        let resuming = Options {
            resume: true,
            ..Options::default()
        };
        let config = client::config(agent.root_pem(), Version::Http1, resuming).unwrap();
        Self {
            server,
            client: Client::with_config(Arc::new(config), "localhost").unwrap(),
            agent,
            address,
            _directory: directory,
        }
    }

    /// Connections that stay open and ask nothing more.
    async fn held(&self, count: usize) -> Vec<Http> {
        let mut held = Vec::new();
        for _ in 0..count {
            let mut http = Http::connect(&self.client, self.address).await.unwrap();
            // One that has been asked to leave already may be closed instead.
            let _ = http.get(1).await;
            held.push(http);
        }
        held
    }

    /// Whether a client that comes, is answered, and leaves has come back.
    async fn resumes(&self) -> bool {
        let mut http = Http::connect(&self.client, self.address).await.unwrap();
        http.get(1).await.unwrap();
        let resumed = http.seen().resumed;
        http.close().await;
        resumed
    }

    async fn sees(&self, event: &Want) {
        self.server.log().wait_for(event, SOON).await;
    }
}

/// None of the clients here closes by itself.
fn closed() -> Want {
    want("connection_closed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn max_age() {
    let scene = Scene::new(&["--max-age-ms", "0", "--grace-ms", "0"]).await;
    let _held = scene.held(1).await;
    scene.sees(&closed()).await;
}

/// Of twenty connections one has nearly the whole part taken off its age of forty seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jitter() {
    let options = ["--max-age-ms", "40000", "--jitter", "1", "--grace-ms", "0"];
    let scene = Scene::new(&options).await;
    let _held = scene.held(20).await;
    scene.sees(&closed()).await;
}

/// The client does not read its answer, and is asked to leave at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grace() {
    let scene = Scene::new(&["--max-age-ms", "0", "--grace-ms", "1000"]).await;
    let mut http = Http::connect(&scene.client, scene.address).await.unwrap();
    // Where the grace was over before this was asked for, the connection is closed as well.
    let _unread = http.start(1 << 30).await;
    scene.sees(&closed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_life() {
    for (options, resumes) in [(&["--session-life-ms", "0"][..], false), (&[], true)] {
        let scene = Scene::new(options).await;
        assert!(!scene.resumes().await);
        assert_eq!(scene.resumes().await, resumes, "{options:?}");
    }
}

/// A renewal discards every session, or none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets() {
    for (options, resumes) in [(&["--tickets", "discard"][..], false), (&[], true)] {
        let mut scene = Scene::new(options).await;
        assert!(!scene.resumes().await);
        scene.agent.rotate().unwrap();
        let renewed = want("identity_loaded").with("generation", 2);
        scene.server.log().wait_for(&renewed, BOUND).await;
        assert_eq!(scene.resumes().await, resumes, "{options:?}");
    }
}
