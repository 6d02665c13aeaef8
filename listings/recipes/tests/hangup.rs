//! SIGHUP ends no recipe, be it before a first pair is valid or after: agents and systemd say "reload" by it.

use std::fs;
use std::process::Command;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::event::Event;
use rustix::process::{Pid, Signal, kill_process};

use crate::programs;

fn lives_on(mut command: Command) {
    let folder = lab::directory().unwrap();
    let mut agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let key = fs::read(&files.key).unwrap();
    fs::remove_file(&files.key).unwrap();
    let (server, said) = programs::logging(&mut command, &files);
    let hang_up = || {
        let id = Pid::from_child(&server.0);
        kill_process(id, Signal::HUP).unwrap();
    };
    let wait = |wanted: &str| {
        loop {
            let line = said.recv_timeout(BOUND);
            let line = line.unwrap_or_else(|_| panic!("no {wanted}: {command:?}"));
            if Event::parse(&line).is_some_and(|event| event.name() == wanted) {
                return;
            }
        }
    };
    wait("identity_awaited");
    hang_up();
    fs::write(&files.key, key).unwrap();
    wait("identity_loaded");
    hang_up();
    agent.rotate().unwrap();
    wait("identity_loaded");
}

#[test]
fn in_rust() {
    for program in [
        env!("CARGO_BIN_EXE_recipe-hyper"),
        env!("CARGO_BIN_EXE_recipe-axum"),
        env!("CARGO_BIN_EXE_recipe-tonic"),
        env!("CARGO_BIN_EXE_recipe-actix"),
    ] {
        lives_on(Command::new(program));
    }
}

#[test]
fn in_go() {
    if let Some(program) = programs::go() {
        lives_on(Command::new(program));
    }
}

#[test]
fn in_python() {
    if let Some(program) = programs::in_python() {
        lives_on(program);
    }
}
