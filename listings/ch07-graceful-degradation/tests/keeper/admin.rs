//! Who holds a connection to the admin port, and for how long.

use std::net::SocketAddr;

use ch07_graceful_degradation::admin::{IDLE, offer};
use ch07_graceful_degradation::clock::still;
use lab::agent::Strategy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::scene::Scene;

const REQUEST: &[u8] = b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn admin(scene: &Scene) -> SocketAddr {
    let listener = TcpListener::bind(lab::any_port()).await.unwrap();
    offer(scene.keeper.clone(), listener).unwrap()
}

async fn connected(admin: SocketAddr) -> TcpStream {
    still(TcpStream::connect(admin)).await.unwrap()
}

async fn answered(stream: &mut TcpStream) {
    still(stream.write_all(REQUEST)).await.unwrap();
    let mut answer = [0; 1024];
    let read = still(stream.read(&mut answer)).await.unwrap();
    assert!(answer[..read].ends_with(b"\r\n\r\nlive\n"));
}

/// The port is not the clients', and whoever reaches it can hold a descriptor of the server all the same.
#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_nothing_ends() {
    let scene = Scene::new(Strategy::RenameEach);
    let admin = admin(&scene).await;
    let mut asked = connected(admin).await;
    answered(&mut asked).await;
    let mut half = connected(admin).await;
    still(half.write_all(&REQUEST[..20])).await.unwrap();
    let silent = connected(admin).await;
    for (mut stream, what) in [
        (asked, "one that has asked"),
        (half, "half a request"),
        (silent, "one that says nothing"),
    ] {
        let mut rest = Vec::new();
        let ended = timeout(4 * IDLE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{what}: it is held");
    }
}

/// Prometheus asks once a minute, on a connection that it keeps.
#[tokio::test(start_paused = true)]
async fn a_connection_that_asks_from_time_to_time_stays() {
    let scene = Scene::new(Strategy::RenameEach);
    let mut stream = connected(admin(&scene).await).await;
    let start = Instant::now();
    for _ in 0..10 {
        answered(&mut stream).await;
        sleep(IDLE - Duration::from_secs(1)).await;
    }
    assert!(start.elapsed() > 9 * IDLE);
}
