//! Who holds a connection to the admin port, and for how long.

use std::time::Duration;

use ch07_graceful_degradation::admin::{IDLE, converse};
use lab::agent::Strategy;
use lab::wire::ROOM_BOUND;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::scene::Scene;

const REQUEST: &[u8] = b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A connection in memory, where a clock that jumps cannot overtake the bytes; and when it has ended.
fn connected(scene: &Scene) -> (DuplexStream, JoinHandle<Duration>) {
    let (server, client) = duplex(1024);
    let (keeper, start) = (scene.keeper.clone(), Instant::now());
    let ended = tokio::spawn(async move {
        converse(keeper, server).await;
        start.elapsed()
    });
    (client, ended)
}

async fn answered(stream: &mut DuplexStream) {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nlive\n") {
        let read = stream.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "no answer");
    }
}

/// The port is not the clients', and whoever reaches it can hold a descriptor of the server all the same.
#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_ends() {
    let scene = Scene::new(Strategy::RenameEach);
    let (mut asked, first) = connected(&scene);
    answered(&mut asked).await;
    let (mut half, second) = connected(&scene);
    half.write_all(&REQUEST[..20]).await.unwrap();
    let (_silent, third) = connected(&scene);
    for (ended, what) in [
        (first, "one that has asked"),
        (second, "half a request"),
        (third, "one that says nothing"),
    ] {
        let ended = timeout(4 * IDLE, ended).await;
        let after = ended.unwrap_or_else(|_| panic!("{what}: it is held"));
        assert_eq!(after.unwrap(), IDLE, "{what}");
    }
}

/// Prometheus asks once a minute, on a connection that it keeps.
#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_from_time_to_time_stays() {
    let scene = Scene::new(Strategy::RenameEach);
    let (mut stream, ended) = connected(&scene);
    for _ in 0..10 {
        answered(&mut stream).await;
        sleep(IDLE - SECOND).await;
    }
    assert!(!ended.is_finished());
}

const SECOND: Duration = Duration::from_secs(1);
const METRICS: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A scraper that asks and does not read holds a descriptor, and what it asked for.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_never_read_is_given_up() {
    let scene = Scene::new(Strategy::RenameEach);
    let (mut client, ended) = connected(&scene);
    client.write_all(METRICS).await.unwrap();
    let ended = timeout(10 * IDLE, ended).await.expect("it is held");
    assert_eq!(ended.unwrap(), ROOM_BOUND);
}

/// One that takes a kilobyte in half a minute is slow, and gets all.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_read_slowly_is_waited_for() {
    let scene = Scene::new(Strategy::RenameEach);
    let (mut client, _conversation) = connected(&scene);
    client.write_all(METRICS).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"# EOF\n") {
        sleep(ROOM_BOUND - SECOND).await;
        let read = client.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "it is cut after {} bytes", answer.len());
    }
    assert!(answer.len() > 2048, "it had room for all at once");
}
