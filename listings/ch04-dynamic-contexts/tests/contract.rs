//! The twins' events are those of the contract, in each thing that can happen to them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::{Log, want};
use lab_test::contract::Contract;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The Python twin in a role.
fn python(role: &str, agent: &Agent) -> Vec<OsString> {
    let twin = concat!(env!("CARGO_MANIFEST_DIR"), "/python");
    let mut arguments: Vec<OsString> = ["-B", twin, role].map(Into::into).into();
    arguments.extend(following(agent));
    arguments
}

/// What each role is told of its files.
fn following(agent: &Agent) -> impl Iterator<Item = OsString> {
    let files = Serve::command_line(&agent.files()).into_iter().skip(1);
    files.chain(["--poll-ms", "5"].map(Into::into))
}

/// Checks every event, and returns the names of those that came.
fn names(log: &Log) -> BTreeSet<String> {
    let contract = Contract::of_events();
    let events = log.events();
    for event in &events {
        let line = Value::Object(event.0.clone());
        assert!(contract.allows(&line), "{line}");
    }
    events.iter().map(|event| event.name().to_owned()).collect()
}

/// Lets everything happen to a twin's server.
async fn everything(server: &Child, address: SocketAddr, agent: &mut Agent) {
    let resume = Options {
        resume: true,
        ..Options::default()
    };
    let client = Client::new(agent.root_pem(), "localhost", resume).unwrap();
    let held = client.connect(address).await.unwrap();
    client.probe(address).await.unwrap();
    let key = agent.files().key;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = want("key_exposed").with("mode", "0644");
    server.log().wait_for(&exposed, BOUND).await;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let closed = want("fault_ended").with("fault", "key_exposed");
    server.log().wait_for(&closed, BOUND).await;
    let away = key.with_extension("away");
    fs::rename(&key, &away).unwrap();
    let missing = want("identity_rejected").with("reason", "missing");
    server.log().wait_for(&missing, BOUND).await;
    // The same again: what was rejected is over without a renewal.
    fs::rename(away, key).unwrap();
    let again = want("reload_skipped").with("why", "unchanged");
    server.log().wait_for(&again, BOUND).await;
    agent.rotate().unwrap();
    let loaded = want("identity_loaded").with("generation", 2);
    server.log().wait_for(&loaded, BOUND).await;
    assert!(client.probe(address).await.unwrap().resumed);
    let mut noise = TcpStream::connect(address).await.unwrap();
    noise.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    // An alert, or the end of the connection.
    let _ = noise.read(&mut [0; 64]).await;
    let failed = want("handshake_failed");
    server.log().wait_for(&failed, BOUND).await;
    // No goodbye: a connection that is cut is not one that was closed.
    drop(held);
    let cut = want("connection_closed").with("why", "cut");
    server.log().wait_for(&cut, BOUND).await;
    server.log().assert_order(&[
        want("connection_opened")
            .with("generation", 1)
            .with("resumed", false),
        want("connection_opened")
            .with("generation", Value::Null)
            .with("resumed", true),
    ]);
}

/// Starts a twin's server, and lets everything happen to it.
async fn served(
    program: &Path,
    arguments: Vec<OsString>,
    agent: &mut Agent,
) -> (Child, SocketAddr) {
    let server = Child::spawn(program, arguments, |_| ()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
    everything(&server, address, agent).await;
    (server, address)
}

fn started() -> (TempDir, Agent) {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RemoveCreate).unwrap();
    (directory, agent)
}

const EVENTS: [&str; 9] = [
    "connection_closed",
    "connection_opened",
    "fault_ended",
    "handshake_failed",
    "identity_loaded",
    "identity_rejected",
    "key_exposed",
    "listening",
    "reload_skipped",
];

#[tokio::test]
async fn the_go_twin_keeps_the_contract() {
    let Some(go) = lab_test::peer::go_twin(false) else {
        return;
    };
    let (_directory, mut agent) = started();
    let arguments = ["serve".into()].into_iter().chain(following(&agent));
    let (server, _) = served(&go, arguments.collect(), &mut agent).await;
    let log = server.log().clone();
    drop(server);
    assert_eq!(names(&log), EVENTS.map(str::to_owned).into());
}

#[tokio::test]
async fn the_python_twin_keeps_the_contract() {
    let Some(program) = lab_test::peer::find("python3") else {
        return;
    };
    let (_directory, mut agent) = started();
    let (server, address) = served(&program, python("serve", &agent), &mut agent).await;

    let mut calling = python("call", &agent);
    calling.extend(["--server".into(), address.to_string().into()]);
    calling.extend(["--every-ms", "1"].map(Into::into));
    let caller = Child::spawn(&program, calling, |_| ()).unwrap();
    let third = want("connection_closed").with("connection", 3);
    caller.log().wait_for(&third, BOUND).await;
    let log = server.log().clone();
    drop(server);
    let told = caller.log().clone();
    let status = caller.wait(BOUND).await.unwrap();
    assert_eq!(status.code(), Some(1), "its held connection was cut");
    let mut expected = BTreeSet::from(EVENTS.map(str::to_owned));
    // The standard library has no events of the file system.
    expected.insert("watch_degraded".to_owned());
    assert_eq!(names(&log), expected);

    // The last line of the client is for people: it says why it ended.
    let events: Vec<_> = told
        .events()
        .into_iter()
        .filter(|e| e.name() != "stray_line")
        .collect();
    let stray = told.all(&want("stray_line"));
    assert_eq!(stray.len(), 1, "{stray:?}");
    assert!(
        stray[0].text("text").unwrap().starts_with("error: "),
        "{stray:?}"
    );
    let told = Log::default();
    events.into_iter().for_each(|event| told.push(event));
    assert!(names(&told).contains("connection_closed"));
}
