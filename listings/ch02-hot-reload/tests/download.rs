//! The same download as in chapter 1 crosses ten rotations, in a process that is told by signal.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options, Pool, expected_sha256};
use lab::log::{Log, want};
use rustix::process::Signal;

const MIB: u32 = 1 << 20;

/// Downloads 8 MiB and holds a pool, across ten rotations. Returns the server's log.
async fn cross_ten_rotations(told: bool, bound: Duration) -> Log {
    let program = Path::new(env!("CARGO_BIN_EXE_ch02-hot-reload"));
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let child = Child::spawn(program, Serve::command_line(&agent.files()), |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], child.port(lab::BOUND).await));

    let mut download = client.connect(address).await.unwrap();
    // The server has answered it, so it is the server's first.
    download.pull(1).await.unwrap();
    let mut pool = Pool::open(&client, address, 5).await.unwrap();
    for generation in 2..=11u64 {
        download.pull(MIB * 4 / 5).await.unwrap();
        let issued = agent.rotate().unwrap();
        if told {
            child.signal(Signal::HUP).unwrap();
        }
        let loaded = want("identity_loaded").with("generation", generation);
        let loaded = child.log().wait_for(&loaded, bound).await;
        assert_eq!(loaded.text("serial"), Some(issued.facts.serial.clone()));
        let seen = client.probe(address).await.unwrap();
        assert_eq!(seen.chain, issued.facts);
        pool.pull(1024).await.unwrap();
    }
    while download.received() < 8 * u64::from(MIB) {
        let left = 8 * u64::from(MIB) - download.received();
        download.pull(left as u32).await.unwrap();
    }
    assert_eq!(download.sha256(), expected_sha256(download.received()));
    assert_eq!(download.seen().chain.serial, "1001");
    download.close().await;
    pool.close().await;
    let closed = want("connection_closed").with("connection", 1);
    child.log().wait_for(&closed, lab::BOUND).await;
    child.log().clone()
}

#[tokio::test]
async fn the_download_crosses_ten_rotations_intact() {
    let log = cross_ten_rotations(true, lab::BOUND).await;
    // The connection outlives ten generations and is still of the first.
    log.assert_order(&[
        want("identity_loaded").with("generation", 1),
        want("connection_opened")
            .with("connection", 1)
            .with("generation", 1),
        want("identity_loaded").with("generation", 2),
        want("identity_loaded").with("generation", 11),
        want("connection_closed")
            .with("connection", 1)
            .with("generation", 1)
            .with("bytes", 8 << 20)
            .with("why", "client_closed"),
    ]);
    log.assert_unique("identity_loaded", "serial");
    log.assert_none(&want("connection_closed").with("why", "cut"));
    log.assert_none(&want("identity_rejected"));
    log.assert_none(&want("handshake_failed"));
    log.assert_none(&want("stray_line"));
}

/// The same run fails where nobody tells the server: the test sees reloading, not luck.
#[tokio::test]
#[should_panic(expected = "for `identity_loaded generation=2`, and it did not come")]
async fn without_the_signal_the_test_fails() {
    cross_ten_rotations(false, Duration::from_secs(2)).await;
}

/// A server whose first files are bad ends with one clear line.
#[tokio::test]
async fn bad_files_at_the_start_end_the_process() {
    let program = Path::new(env!("CARGO_BIN_EXE_ch02-hot-reload"));
    let directory = lab::directory().unwrap();
    let agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let child = Child::spawn(program, Serve::command_line(&agent.files()), |_| ()).unwrap();
    let log = child.log().clone();
    let status = child.wait(lab::BOUND).await.unwrap();
    assert_eq!(status.code(), Some(1));
    let said = log.all(&want("stray_line"));
    assert_eq!(said.len(), 1, "{said:?}");
    let text = said[0].text("text").unwrap();
    assert!(text.contains("tls.crt: missing: "), "{text}");
}

/// A demo that is told to end takes its server along.
#[tokio::test]
async fn nothing_outlives_the_demo() {
    let program = Path::new(env!("CARGO_BIN_EXE_ch02-hot-reload"));
    let demo = Child::spawn(program, [""; 0], |_| ()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], demo.port(lab::BOUND).await));
    demo.signal(Signal::TERM).unwrap();
    demo.wait(lab::BOUND).await.unwrap();
    let gone = async {
        // The kernel takes a moment to clear away a process that was killed.
        while tokio::net::TcpStream::connect(server).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(lab::BOUND, gone).await;
    gone.expect("the server went on after its demo");
}
