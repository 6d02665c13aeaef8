//! A renewal whose chain is shorter than the one before is served soon, in each language.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::event::Event;
use lab_test::peer;

use crate::programs::{self, Running};

/// Less than the ten seconds for which a leaf without its chain has to stay the same.
const BETWEEN: Duration = Duration::from_secs(4);

/// The authority appends its root no longer. The file is touched now and then, so that what is believed
/// after ten seconds at rest only is never believed.
fn is_served_soon(mut command: Command) {
    let folder = lab::directory().unwrap();
    let mut agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let long = fs::read_to_string(&files.certificate).unwrap() + agent.root_pem();
    fs::write(&files.certificate, long).unwrap();
    let mut server = command
        .args([&files.certificate, &files.key, &files.roots])
        .args(["localhost", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let _server = Running(server);
    let (sender, said) = channel();
    thread::spawn(move || {
        let events = lines
            .map_while(Result::ok)
            .filter_map(|it| Event::parse(&it));
        for event in events.filter(|event| event.name().starts_with("identity_")) {
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    let first = said.recv_timeout(BOUND).expect("it said nothing");
    assert_eq!(first.name(), "identity_loaded");

    let next = agent.rotate().unwrap();
    for touched in 0..15 {
        match said.recv_timeout(BETWEEN) {
            Ok(event) => {
                // Nothing is complained of.
                assert_eq!(event.name(), "identity_loaded", "{event:?}");
                assert_eq!(event.text("serial"), Some(next.facts.serial));
                return;
            }
            Err(_) => {
                let same = format!("{}# {touched}\n", next.chain_pem);
                fs::write(folder.path().join("new"), same).unwrap();
                fs::rename(folder.path().join("new"), &files.certificate).unwrap();
            }
        }
    }
    panic!("the shorter chain was not served");
}

#[test]
fn in_rust() {
    is_served_soon(Command::new(env!("CARGO_BIN_EXE_recipe-hyper")));
}

#[test]
fn in_go() {
    let Some(program) = programs::go() else {
        return;
    };
    is_served_soon(Command::new(program));
}

#[test]
fn in_python() {
    let Some(python) = peer::find("python3") else {
        return;
    };
    let mut command = Command::new(python);
    command.arg(Path::new(programs::here()).join("python/server.py"));
    is_served_soon(command);
}
