//! The program itself rotates its root, by files alone, and says so.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use ch08_trust_rotation::client;
use ch08_trust_rotation::party::{Party, issue};
use lab::BOUND;
use lab::authority::Authority;
use lab::child::Child;
use lab::log::want;
use rustix::process::Signal;

/// Rotates from Root A to Root B, with a client that moves in time.
async fn rotate(extra: &[&str], bound: Duration) {
    let named = |name| Authority::named(name).unwrap();
    let (mut a, mut b) = (named("Root A"), named("Root B"));
    let mut servers = Party::new(&mut a, 0x1001).unwrap();
    let mut callers = Party::new(&mut a, 0x1002).unwrap();
    let store = client::start(callers.source()).unwrap();
    let mut arguments = Serve::command_line(&servers.source().files).to_vec();
    let quick = ["--settle-ms", "20", "--quiet-ms", "100", "--poll-ms", "10"];
    arguments.extend(quick.iter().chain(extra).map(Into::into));
    let program = Path::new(env!("CARGO_BIN_EXE_ch08-trust-rotation"));
    let server = Child::spawn(program, arguments, |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
    let log = server.log();
    let loaded = |generation: u64| want("identity_loaded").with("generation", generation);
    let call = async || {
        store.reload();
        let http = client::connect(&store, address).await.unwrap();
        http.close().await;
    };
    call().await;

    callers.trust(&[&a, &b]).unwrap();
    servers.trust(&[&a, &b]).unwrap();
    log.wait_for(&loaded(2), bound).await;
    call().await;
    let (of_server, of_client) = (
        issue(&mut b, 0x2001).unwrap(),
        issue(&mut b, 0x2002).unwrap(),
    );
    servers.show(&of_server).unwrap();
    log.wait_for(&loaded(3), bound).await;
    call().await;
    callers.show(&of_client).unwrap();
    call().await;
    servers.trust(&[&b]).unwrap();
    log.wait_for(&want("trust_moved").with("step", "remove"), bound)
        .await;
    log.wait_for(&loaded(5), bound).await;
    callers.trust(&[&b]).unwrap();
    call().await;

    let step = |step: &str, root: &str| want("trust_moved").with("step", step).with("root", root);
    log.assert_order(&[
        step("add", "Root B"),
        step("reissue", "Root B"),
        step("retire", "Root A"),
        step("drain", "Root A"),
        step("remove", "Root A").with("connections", 0),
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

/// The old root is in the wrong hands: a signal removes it, whoever stands on it. A root that the
/// file lists is not removed by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_lets_go_of_what_is_not_listed() {
    let named = |name| Authority::named(name).unwrap();
    let (mut a, mut b) = (named("Root A"), named("Root B"));
    let mut servers = Party::new(&mut a, 0x1001).unwrap();
    let callers = Party::new(&mut a, 0x1002).unwrap();
    callers.trust(&[&a, &b]).unwrap();
    let store = client::start(callers.source()).unwrap();
    let mut arguments = Serve::command_line(&servers.source().files).to_vec();
    // Nobody waits for an hour of quiet.
    let slow = ["--settle-ms", "20", "--quiet-ms", "3600000"];
    arguments.extend(slow.iter().chain(&["--poll-ms", "10"]).map(Into::into));
    let program = Path::new(env!("CARGO_BIN_EXE_ch08-trust-rotation"));
    let server = Child::spawn(program, arguments, |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
    let log = server.log();
    let moved = |step: &str, root: &str| want("trust_moved").with("step", step).with("root", root);

    servers.trust(&[&a, &b]).unwrap();
    log.wait_for(&moved("add", "Root B"), BOUND).await;
    servers.show(&issue(&mut b, 0x2001).unwrap()).unwrap();
    log.wait_for(&moved("retire", "Root A"), BOUND).await;
    server.signal(Signal::USR1).unwrap();
    let nothing = want("trust_forced").with("roots", "");
    log.wait_for(&nothing, BOUND).await;

    // What was said of a root that was listed is not remembered against it.
    servers.trust(&[&b]).unwrap();
    log.wait_for(&moved("drain", "Root A"), BOUND).await;
    let late = client::connect(&store, address).await.unwrap();
    server.signal(Signal::USR1).unwrap();
    let forced = want("trust_forced").with("roots", "Root A");
    log.wait_for(&forced, BOUND).await;
    let removed = moved("remove", "Root A");
    log.wait_for(&removed, BOUND).await;
    log.wait_for(&want("trust_loaded").with("roots", "Root B"), BOUND)
        .await;
    let refused = async {
        while client::connect(&store, address).await.is_ok() {
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
