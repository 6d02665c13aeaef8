//! A log that is not read stops no rotation, in each language.

use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options, config};
use lab_test::peer;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::time::{sleep, timeout};

use crate::programs::{self, Running, started};

/// A pipe that has no room left, and the end that nobody reads.
fn full() -> (PipeReader, Stdio) {
    let (reader, mut writer) = io::pipe().unwrap();
    let blocking = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, blocking | OFlags::NONBLOCK).unwrap();
    let end = loop {
        if let Err(end) = writer.write(&[b'\n'; 4096]) {
            break end;
        }
    };
    assert_eq!(end.kind(), ErrorKind::WouldBlock);
    fcntl_setfl(&writer, blocking).unwrap();
    (reader, writer.into())
}

/// Waits until a new handshake shows what the agent issued last.
async fn shows(client: &Client, address: SocketAddr, serial: &str) {
    let shown = async {
        loop {
            match client.open(address).await {
                Ok((_, seen)) if seen.chain.serial == serial => return,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let shown = timeout(BOUND, shown).await;
    assert!(
        shown.is_ok(),
        "{serial} is not served: the log is waited for"
    );
}

/// Starts a server whose log has no room from its first line on, and renews its certificate twice.
async fn rotates(command: Command) {
    let folder = lab::directory().unwrap();
    let mut agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let (_unread, log) = full();
    let (address, _running) = started(command, &agent.files(), log).await;
    let options = config(agent.root_pem(), Options::default()).unwrap();
    let client = Client::with_config(options, "localhost").unwrap();
    for _ in 0..2 {
        let issued = agent.rotate().unwrap();
        shows(&client, address, &issued.facts.serial).await;
    }
}

#[tokio::test]
async fn in_rust() {
    for server in [
        env!("CARGO_BIN_EXE_recipe-hyper"),
        env!("CARGO_BIN_EXE_recipe-axum"),
        env!("CARGO_BIN_EXE_recipe-tonic"),
        env!("CARGO_BIN_EXE_recipe-actix"),
    ] {
        rotates(Command::new(server)).await;
    }
}

#[tokio::test]
async fn in_go() {
    let Some(program) = programs::go() else {
        return;
    };
    rotates(Command::new(program)).await;
}

#[tokio::test]
async fn in_python() {
    let Some(python) = peer::find("python3") else {
        return;
    };
    let mut command = Command::new(python);
    command.arg("-B");
    command.arg(Path::new(programs::here()).join("python/server.py"));
    rotates(command).await;
}

/// Lines that find no room are counted in Python, and told of in their place.
#[test]
fn lines_that_find_no_room_are_counted_in_python() {
    const PROGRAM: &str = r#"
import os, server
unread, full = os.pipe()
os.dup2(full, 2)
os.set_blocking(2, False)
try:
    while True:
        os.write(2, b"." * 4096)
except BlockingIOError:
    os.set_blocking(2, True)
hook = server.Hook()
hook.emit("first")
while hook.lines.qsize():
    os.sched_yield()
for nth in range(hook.LINES + 50):
    hook.emit("nth", nth=nth)
with open(unread) as log:
    for event in ["first"] + ["nth"] * hook.LINES:
        line = log.readline()
        assert f'"event": "{event}"' in line, line
    hook.emit("last")
    line = log.readline()
    assert line.endswith('"event": "lines_lost", "lines": 50}\n'), line
    assert '"event": "last"' in log.readline()
os._exit(0)
"#;
    let Some(python) = peer::find("python3") else {
        return;
    };
    let mut command = Command::new(python);
    command.args(["-B", "-W", "error", "-c", PROGRAM]);
    command.current_dir(programs::here().join("python"));
    assert_ends_well(command);
}

/// The same in Go: its test lies beside it.
#[test]
fn lines_that_find_no_room_are_counted_in_go() {
    let Some(go) = peer::find("go") else {
        return;
    };
    let mut command = Command::new(go);
    command.args(["test", "-vet=all", "-count=1", "-timeout=50s", "."]);
    command.envs(peer::GO);
    command.current_dir(programs::here().join("go"));
    assert_ends_well(command);
}

/// Runs a program, which has so long to end.
fn assert_ends_well(mut command: Command) {
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = running.0.stdout.take().unwrap();
    let (sender, ended) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        let _ = said.read_to_string(&mut text);
        sender.send(text)
    });
    let said = ended.recv_timeout(BOUND).expect("a line waits for the log");
    assert!(running.0.wait().unwrap().success(), "{said}");
}
