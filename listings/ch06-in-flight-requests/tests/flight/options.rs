//! Each option of the program is heard: with it, clients see something else than without it. `--lag`,
//! `--spread-ms` and `--frozen` are heard where a pool crosses rotations.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ch02_hot_reload::arguments::Serve;
use ch06_in_flight_requests::client::{self, Download, Http, Version};
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Failure, Options};
use lab::log::{Log, want};
use lab_test::options;
use tempfile::TempDir;

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

    /// Whether a client that comes, is answered, and leaves has come back.
    async fn resumes(&self) -> bool {
        let mut http = Http::connect(&self.client, self.address).await.unwrap();
        http.get(1).await.unwrap();
        let resumed = http.seen().resumed;
        http.close().await;
        resumed
    }
}

impl options::Scene for Scene {
    type Held = Http;
    type Unread = (Http, Result<Download, Failure>);

    async fn start(options: &[&str]) -> Self {
        Self::new(options).await
    }

    fn log(&self) -> &Log {
        self.server.log()
    }

    async fn hold(&self, count: usize) -> Vec<Http> {
        let mut held = Vec::new();
        for _ in 0..count {
            let mut http = Http::connect(&self.client, self.address).await.unwrap();
            let _ = http.get(1).await;
            held.push(http);
        }
        held
    }

    async fn hold_unread(&self) -> Self::Unread {
        let mut http = Http::connect(&self.client, self.address).await.unwrap();
        // Where the grace was over before this was asked for, the connection is closed as well.
        let unread = http.start(1 << 30).await;
        (http, unread)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn max_age() {
    options::max_age::<Scene>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jitter() {
    options::jitter::<Scene>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grace() {
    options::grace::<Scene>().await;
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
