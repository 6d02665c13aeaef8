//! Each option of the program is heard: with it, clients see something else than without it.

use ch06_in_flight_requests::client::{Download, Http};
use ch08_trust_rotation::party::issue;
use lab::BOUND;
use lab::client::{Client, Failure};
use lab::log::{Log, want};
use lab_test::options::{self, SOON, Scene as _, closed};

use super::rotation::{Scene, loaded, moved};

/// In milliseconds: longer than any test.
const NEVER: &str = "3600000";

/// Root A is no longer listed, and the server's leaf is under Root B.
async fn drain_a(scene: &mut Scene) {
    scene.servers.trust(&[&scene.a, &scene.b]).unwrap();
    scene.log().wait_for(&moved("add", "Root B"), BOUND).await;
    scene.callers.trust(&[&scene.a, &scene.b]).unwrap();
    let leaf = issue(&mut scene.b, 0x2001).unwrap();
    scene.servers.show(&leaf).unwrap();
    let log = scene.log();
    log.wait_for(&moved("retire", "Root A"), BOUND).await;
    scene.servers.trust(&[&scene.b]).unwrap();
}

impl options::Scene for Scene {
    type Held = Http;
    type Unread = (Http, Result<Download, Failure>);

    async fn start(options: &[&str]) -> Self {
        Self::new(options).await
    }

    fn log(&self) -> &Log {
        Scene::log(self)
    }

    async fn hold(&self, count: usize) -> Vec<Http> {
        let mut held = Vec::new();
        for _ in 0..count {
            // One that has been asked to leave already is not let in twice.
            held.extend(self.connect().await);
        }
        held
    }

    async fn hold_unread(&self) -> Self::Unread {
        let config = self.store.current().config.clone();
        let client = Client::with_config(config, "localhost").unwrap();
        let mut http = Http::connect(&client, self.address).await.unwrap();
        // Where the grace was over before this was asked for, the connection is closed as well.
        let unread = http.start(1 << 30).await;
        (http, unread)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_life() {
    let scene = Scene::new(&["--session-life-ms", "0"]).await;
    for _ in 0..3 {
        scene.call().await;
    }
    let opened = want("connection_opened").with("resumed", false);
    scene.log().wait_for_all(&opened, 3, BOUND).await;
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

/// None of twenty clients that depend on a draining root waits for its turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spread() {
    let more = ["--spread-ms", "0", "--grace-ms", "0", "--quiet-ms", NEVER];
    let mut scene = Scene::new(&more).await;
    let _held = scene.hold(20).await;
    drain_a(&mut scene).await;
    let log = scene.log();
    log.wait_for(&moved("drain", "Root A"), BOUND).await;
    log.wait_for_all(&closed(), 20, SOON).await;
}

/// Nothing is waited for: the file is believed at the first look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_settling() {
    let mut scene = Scene::new(&["--settle-ms", "0", "--quiet-ms", NEVER]).await;
    drain_a(&mut scene).await;
    let log = scene.log();
    log.wait_for(&moved("drain", "Root A"), BOUND).await;
    log.assert_none(&want("identity_rejected"));
}

/// The file is not believed, which is said with the time that it would take. A root that is listed
/// again was never gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_settling() {
    let mut scene = Scene::new(&["--settle-ms", NEVER]).await;
    drain_a(&mut scene).await;
    let shrunk = want("identity_rejected").with("reason", "trust_shrunk");
    let told = scene.log().wait_for(&shrunk, BOUND).await;
    let detail = told.text("detail").unwrap();
    assert!(detail.ends_with("has been so for 3600s"), "{told}");
    scene.call().await;
    scene.servers.trust(&[&scene.a, &scene.b]).unwrap();
    let renewed = issue(&mut scene.b, 0x2002).unwrap();
    scene.servers.show(&renewed).unwrap();
    scene.log().wait_for(&loaded(4), BOUND).await;
    scene.call().await;
    scene.log().assert_none(&moved("drain", "Root A"));
}
