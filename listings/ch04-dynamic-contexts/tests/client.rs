//! The client rotates in each way of writing, while it calls a server that checks it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use lab::child::Child;
use lab::client::{Client, Failure, Options};
use lab::log::{Log, want};
use lab::{BOUND, mutual};

const ROTATIONS: u64 = 15;
const TWIN_ROTATIONS: u64 = 5;
const TWIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

/// Rotates under continuous calls. Panics unless each new certificate was shown to the server, in
/// order, no call failed, and the connection that was held from the beginning still lives.
async fn rotate_under_calls(
    program: &Path,
    before: &[&str],
    extra: &[&str],
    bound: Duration,
    strategy: Strategy,
    rotations: u64,
) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), strategy).unwrap();
    let servers = agent.issue().unwrap();
    let server = mutual::Server::start(&servers, agent.root_pem())
        .await
        .unwrap();
    let first = agent.rotate().unwrap();

    let mut arguments: Vec<OsString> = before.iter().map(Into::into).collect();
    arguments.push("call".into());
    arguments.extend(Serve::command_line(&agent.files()).into_iter().skip(1));
    let (address, until) = (server.address().to_string(), (rotations + 1).to_string());
    let calls = ["--server", &address, "--every-ms", "0", "--until", &until];
    arguments.extend(calls.iter().chain(extra).map(Into::into));
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    let log = child.log().clone();

    let seen_by_server = |serial: &str| want("client_seen").with("serial", serial);
    server
        .log()
        .wait_for(&seen_by_server(&first.facts.serial), BOUND)
        .await;
    let mut issued = BTreeMap::from([(first.facts.serial.clone(), first)]);
    for _ in 0..rotations {
        let next = agent.rotate().unwrap();
        let serial = next.facts.serial.clone();
        let loaded = want("identity_loaded").with("serial", serial.as_str());
        log.wait_for(&loaded, bound).await;
        server.log().wait_for(&seen_by_server(&serial), BOUND).await;
        issued.insert(serial, next);
    }
    let status = child.wait(BOUND).await.unwrap();
    assert!(status.success(), "{status}");

    assert_shown_in_order(server.log());
    assert_first_connection_lives(&log, rotations);
    log.assert_no_key_bytes(issued.values().map(|issued| &issued.key));
}

fn assert_shown_in_order(server: &Log) {
    // Calls come one after the other, so the server sees serials that only rise.
    let shown: Vec<_> = server
        .all(&want("client_seen"))
        .iter()
        .map(|seen| seen.text("serial").unwrap())
        .collect();
    assert!(
        shown.is_sorted(),
        "an older certificate came back: {shown:?}"
    );
    server.assert_none(&want("handshake_failed"));
    server.assert_none(&want("client_seen").with("resumed", true));
}

fn assert_first_connection_lives(log: &Log, rotations: u64) {
    log.assert_none(&want("probe_failed"));
    log.assert_none(&want("stray_line"));
    log.assert_none(&want("connection_closed").with("why", "cut"));
    log.assert_unique("identity_loaded", "serial");
    // The first connection is of the first generation to its end, rotations later.
    log.assert_order(&[
        want("connection_opened")
            .with("connection", 1)
            .with("generation", 1),
        // Not the last: a call may be quicker than the line that tells of the swap before it.
        want("identity_loaded").with("generation", rotations),
        want("connection_opened").with("generation", rotations + 1),
        want("connection_closed")
            .with("connection", 1)
            .with("generation", 1)
            .with("why", "client_closed"),
    ]);
}

async fn ours(extra: &[&str], bound: Duration, strategy: Strategy, rotations: u64) {
    let program = Path::new(env!("CARGO_BIN_EXE_ch04-dynamic-contexts"));
    rotate_under_calls(program, &[], extra, bound, strategy, rotations).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_new_certificate_is_shown() {
    for strategy in Strategy::ALL {
        ours(&[], BOUND, strategy, ROTATIONS).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_new_certificate_is_shown_by_the_python_twin() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    for strategy in Strategy::ALL {
        let (before, extra) = (["-B", "-W", "error", TWIN], ["--poll-ms", "5"]);
        rotate_under_calls(&python, &before, &extra, BOUND, strategy, TWIN_ROTATIONS).await;
    }
}

/// A client has two trusts: by one it is judged, by the other it judges. That servers judge it by an
/// authority is no reason to trust a server with a leaf of that authority, and one file is both only
/// where no other is named.
async fn judges_by_its_own_roots(program: &Path, before: &[&str]) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
    let mut others = Authority::named("Servers").unwrap();
    let server_roots = directory.path().join("servers.crt");
    std::fs::write(&server_roots, others.root_pem()).unwrap();
    let of_servers = others.issue(&LeafRequest::new("localhost")).unwrap();
    let of_clients = agent.issue().unwrap();
    let root = agent.root_pem().to_owned();

    for (identity, named, trusted) in [
        (&of_servers, true, true),
        (&of_clients, true, false),
        (&of_servers, false, false),
        (&of_clients, false, true),
    ] {
        let server = mutual::Server::start(identity, &root).await.unwrap();
        let mut arguments: Vec<OsString> = before.iter().map(Into::into).collect();
        arguments.push("call".into());
        arguments.extend(Serve::command_line(&agent.files()).into_iter().skip(1));
        let address = server.address().to_string();
        arguments.extend(["--server", &address, "--until", "1"].map(Into::into));
        if named {
            arguments.extend(["--server-roots".into(), server_roots.clone().into()]);
        }
        let child = Child::spawn(program, arguments, |_| ()).unwrap();
        let status = child.wait(BOUND).await.unwrap();
        let case = format!("{} named: {named}", identity.facts.serial);
        assert_eq!(status.success(), trusted, "{case}");
        let seen = server.log().all(&want("client_seen")).len();
        assert_eq!(seen, if trusted { 2 } else { 0 }, "{case}");
    }
}

#[tokio::test]
async fn it_judges_servers_by_roots_of_their_own() {
    let program = Path::new(env!("CARGO_BIN_EXE_ch04-dynamic-contexts"));
    judges_by_its_own_roots(program, &[]).await;
}

#[tokio::test]
async fn the_python_twin_judges_servers_by_roots_of_their_own() {
    if let Some(python) = lab_test::peer::find("python3") {
        judges_by_its_own_roots(&python, &["-B", "-W", "error", TWIN]).await;
    }
}

/// The suite must fail where the client keeps its first context.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1003\"`, and it did not come")]
async fn a_client_that_does_not_reload_fails() {
    let short = Duration::from_secs(2);
    ours(&["--hook", "frozen"], short, Strategy::Bundle, 1).await;
}

/// The control: that server lets nobody in who shows nothing.
#[tokio::test]
async fn a_client_without_a_certificate_is_not_let_in() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), Strategy::Bundle).unwrap();
    let servers = agent.issue().unwrap();
    let server = mutual::Server::start(&servers, agent.root_pem())
        .await
        .unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    // In TLS 1.3 the client's handshake is complete before the server has seen what it lacks.
    let refused = client.probe(server.address()).await.unwrap_err();
    assert!(
        matches!(refused, Failure::Severed { at: 0, .. }),
        "{refused}"
    );
    let failed = server
        .log()
        .wait_for(&want("handshake_failed"), BOUND)
        .await;
    assert!(
        failed.text("why").unwrap().contains("certificate"),
        "{failed}"
    );
    server.log().assert_none(&want("client_seen"));
}
