//! SIGHUP means "look now", also where the files are followed. Unheard it would end the process.

use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::log::want;
use rustix::process::Signal;

/// A storm of signals, and no other trigger: the next look is due in an hour.
async fn hears(program: &Path) {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let arguments = ["--poll-only", "--poll-ms", "3600000"];
    let arguments = Serve::command_line_with(&agent.files(), &arguments);
    let server = Child::spawn(program, arguments, |_| ()).unwrap();
    server.port(BOUND).await;
    let next = agent.rotate().unwrap();
    for _ in 0..200 {
        server.signal(Signal::HUP).unwrap();
    }
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    server.log().wait_for(&loaded, BOUND).await;
    // Another one, when the storm is over.
    let last = agent.rotate().unwrap();
    server.signal(Signal::HUP).unwrap();
    let loaded = want("identity_loaded").with("serial", last.facts.serial.as_str());
    server.log().wait_for(&loaded, BOUND).await;
}

#[tokio::test]
async fn ours() {
    hears(Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"))).await;
}

#[tokio::test]
async fn the_go_twin() {
    if let Some(twin) = lab_test::peer::go_twin(false) {
        hears(&twin).await;
    }
}
