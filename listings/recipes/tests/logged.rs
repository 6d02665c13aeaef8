//! What the three languages log is what the book's contract has.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::event::Event;
use lab_test::contract::Contract;
use lab_test::peer;
use serde_json::Value;

use crate::programs::{self, Running};

/// Starts a server, spoils its key, mends it, and holds each event against the contract.
fn holds(mut command: Command) {
    let folder = lab::directory().unwrap();
    let mut agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let mut server = command
        .args([&files.certificate, &files.key, &files.roots])
        .args(["localhost", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let server_id = server.id();
    let _server = Running(server);
    let (sender, said) = channel();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let contract = Contract::of_events();
    let wait = |wanted: &str| loop {
        let line = said
            .recv_timeout(BOUND)
            .unwrap_or_else(|_| panic!("no {wanted}"));
        // What else it prints is its own.
        let Some(event) = Event::parse(&line) else {
            continue;
        };
        assert!(contract.allows(&Value::Object(event.0.clone())), "{line}");
        if event.name() == wanted {
            return event;
        }
    };
    let first = wait("identity_loaded");
    survives_its_log(server_id);
    // Regular by its type, and without an end: it is not waited for.
    fs::remove_file(&files.key).unwrap();
    symlink("/proc/kmsg", &files.key).unwrap();
    let endless = wait("identity_rejected");
    assert_eq!(endless.number("generation"), Some(1));
    fs::remove_file(&files.key).unwrap();
    fs::write(&files.key, "no key").unwrap();
    let rejected = wait("identity_rejected");
    let issued = agent.rotate().unwrap();
    let last = wait("identity_loaded");
    assert_eq!(first.number("generation"), Some(1));
    assert_eq!(rejected.number("generation"), Some(1));
    assert_eq!(last.number("generation"), Some(2));
    assert_eq!(last.text("serial"), Some(issued.facts.serial));
    assert_eq!(last.text("chain_sha256"), Some(issued.facts.chain_sha256));
    assert_eq!(last.text("not_after"), Some(issued.facts.not_after));
}

/// Whoever reads the log may end first, and that must not end the server: SIGPIPE is ignored.
fn survives_its_log(process: u32) {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
    let pipe = 1 << (13 - 1);
    assert_ne!(ignored & pipe, 0, "SIGPIPE is not ignored");
}

/// Neither its log nor anything else that it prints can be written, as on a full disk: it starts all the
/// same, and serves the next pair.
#[test]
fn in_python_with_a_disk_that_is_full() {
    const PROGRAM: &str = "
import os, sys, time
full = os.open('/dev/full', os.O_WRONLY)
os.dup2(full, 1), os.dup2(full, 2)
from rotating import Rotating
from server import Hook
rotating = Rotating(sys.argv[1:4], ('localhost',), Hook(), 0.01)
first = rotating._chain
for file in sys.argv[1:3]:
    os.rename(file + '.next', file)
while rotating._chain == first:
    time.sleep(0.01)
os._exit(0)
";
    let Some(python) = peer::find("python3") else {
        return;
    };
    let folder = lab::directory().unwrap();
    let mut agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let (files, next) = (agent.files(), agent.issue().unwrap());
    fs::write(folder.path().join("tls.crt.next"), &next.chain_pem).unwrap();
    fs::write(folder.path().join("tls.key.next"), next.key.expose()).unwrap();
    let mut command = Command::new(python);
    command.args(["-B", "-c", PROGRAM]);
    command.args([&files.certificate, &files.key, &files.roots]);
    command.current_dir(Path::new(programs::here()).join("python"));
    let mut running = Running(command.spawn().unwrap());
    let end = Instant::now() + BOUND;
    let status = loop {
        match running.0.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => panic!("the next pair was not served in {BOUND:?}"),
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    assert!(status.success(), "{status}");
}

#[test]
fn in_rust() {
    holds(Command::new(env!("CARGO_BIN_EXE_recipe-hyper")));
}

#[test]
fn in_go() {
    let Some(program) = programs::go() else {
        return;
    };
    holds(Command::new(program));
}

#[test]
fn in_python() {
    let Some(python) = peer::find("python3") else {
        return;
    };
    let mut command = Command::new(python);
    command.arg(Path::new(programs::here()).join("python/server.py"));
    holds(command);
}
