//! SIGHUP means "look now", to the server and to the twin. Unheard it would end the process.

use std::ffi::OsString;
use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;
use rustix::process::Signal;
use tokio::time::timeout;

/// A storm of signals, and no other trigger: the next look is due in an hour.
async fn hears(program: &Path, before: &[&str]) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let arguments = ["--poll-only", "--poll-ms", "3600000"];
    let arguments = Serve::command_line_with(&agent.files(), &arguments);
    let before = before.iter().map(OsString::from);
    let server = Child::spawn(program, before.chain(arguments), |_| ()).unwrap();
    let port = server.port(BOUND).await;
    let next = agent.rotate().unwrap();
    for _ in 0..200 {
        server.signal(Signal::HUP).unwrap();
    }
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    server.log().wait_for(&loaded, BOUND).await;
    // The thread that takes the signals is the one that accepts.
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let seen = timeout(BOUND, client.probe(([127, 0, 0, 1], port).into())).await;
    seen.expect("no answer after the signals").unwrap();
}

#[tokio::test]
async fn ours() {
    let program = Path::new(env!("CARGO_BIN_EXE_ch04-dynamic-contexts"));
    hears(program, &[]).await;
}

#[tokio::test]
async fn the_python_twin() {
    let twin = concat!(env!("CARGO_MANIFEST_DIR"), "/python");
    if let Some(python) = lab_test::peer::find("python3") {
        hears(&python, &["-B", "-W", "error", twin]).await;
    }
}
