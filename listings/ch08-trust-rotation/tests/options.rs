//! Each option of the program is heard: with it, clients see something else than without it.

use std::time::Duration;

use ch06_in_flight_requests::client::Http;
use ch08_trust_rotation::party::issue;
use lab::BOUND;
use lab::client::Client;
use lab::log::{Want, want};

use super::rotation::{Scene, loaded, moved};

/// Less than what the defaults take: 30 s, 10 s of settling apart, and an hour.
const SOON: Duration = Duration::from_secs(20);
/// In milliseconds: longer than any test.
const NEVER: &str = "3600000";

/// None of the clients here closes by itself.
fn closed() -> Want {
    want("connection_closed")
}

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

/// Connections that stay open and ask nothing more.
async fn held(scene: &Scene, count: usize) -> Vec<Http> {
    let mut held = Vec::new();
    for _ in 0..count {
        // One that has been asked to leave already is not let in twice.
        held.extend(scene.connect().await);
    }
    held
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

/// The client asks nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn max_age() {
    let scene = Scene::new(&["--max-age-ms", "0", "--grace-ms", "0"]).await;
    let _held = held(&scene, 1).await;
    scene.log().wait_for(&closed(), SOON).await;
}

/// Of twenty connections one has nearly the whole part taken off its age of forty seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jitter() {
    let more = ["--max-age-ms", "40000", "--jitter", "1", "--grace-ms", "0"];
    let scene = Scene::new(&more).await;
    let _held = held(&scene, 20).await;
    scene.log().wait_for(&closed(), SOON).await;
}

/// The client does not read its answer, and is asked to leave at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grace() {
    let scene = Scene::new(&["--max-age-ms", "0", "--grace-ms", "1000"]).await;
    let client = Client::with_config(scene.store.current().config.clone(), "localhost").unwrap();
    let mut http = Http::connect(&client, scene.address).await.unwrap();
    // Where the grace was over before this was asked for, the connection is closed as well.
    let _unread = http.start(1 << 30).await;
    scene.log().wait_for(&want("connection_closed"), SOON).await;
}

/// None of twenty clients that depend on a draining root waits for its turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spread() {
    let more = ["--spread-ms", "0", "--grace-ms", "0", "--quiet-ms", NEVER];
    let mut scene = Scene::new(&more).await;
    let _held = held(&scene, 20).await;
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
