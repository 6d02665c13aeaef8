//! What the files in Go and Python refuse although a client here and there would take it, and what they
//! keep to themselves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab_test::peer;
use tempfile::TempDir;

use crate::programs::{self, Running};

const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// A root, and a leaf below it with a key of this kind, this common name and these extensions, by OpenSSL.
/// `None` where that is not there.
fn issued(key: &str, name: &str, extensions: &str) -> Option<TempDir> {
    let openssl = peer::find("openssl")?;
    let folder = lab::directory().unwrap();
    fs::write(folder.path().join("extensions"), extensions).unwrap();
    let run = |arguments: String| {
        let mut command = Command::new(&openssl);
        command.args(arguments.split(' ')).current_dir(&folder);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{arguments}: {done:?}");
    };
    let new = "req -nodes -newkey";
    run(format!(
        "{new} {EC} -x509 -subj /CN=Root -keyout ca.key -out ca.crt"
    ));
    run(format!(
        "{new} {key} -subj /CN={name} -keyout tls.key -out request"
    ));
    run("x509 -req -in request -CA ca.crt -CAkey ca.key -extfile extensions -out tls.crt".into());
    Some(folder)
}

/// The first lines that the program writes of these files, up to one with this part.
fn says(mut command: Command, folder: &Path, part: &str) -> String {
    let files = ["tls.crt", "tls.key", "ca.crt"].map(|name| folder.join(name));
    command.args(files).args(["localhost", "127.0.0.1:0"]);
    let mut running = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let lines = programs::lines(running.0.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(part) {
        match lines.recv_timeout(BOUND) {
            Ok(line) => said += &line,
            Err(why) => panic!("it did not say {part} within {BOUND:?} ({why}), but {said}"),
        }
    }
    said
}

fn python() -> Option<Command> {
    let mut command = Command::new(peer::find("python3")?);
    command.arg(programs::here().join("python/server.py"));
    Some(command)
}

const NAMED: &str = "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n";

/// Clients with rustls take no such key, and Go's and OpenSSL's do.
#[test]
fn a_short_rsa_key_in_go() {
    let (Some(program), Some(short)) = (programs::go(), issued("rsa:1024", "short", NAMED)) else {
        return;
    };
    let said = says(Command::new(&program), short.path(), "\"event\"");
    assert!(said.contains("identity_awaited"), "{said}");
    assert!(said.contains("RSA below 2048"), "{said}");
    let Some(long) = issued("rsa:2048", "long", NAMED) else {
        return;
    };
    let said = says(Command::new(&program), long.path(), "\"event\"");
    assert!(said.contains("identity_loaded"), "{said}");
}

/// RFC 9525: clients do not look at the common name. OpenSSL does, where there is no other.
#[test]
fn a_name_in_the_subject_alone_in_python() {
    let nameless = issued(EC, "localhost", "basicConstraints=CA:FALSE\n");
    let (Some(python), Some(nameless)) = (python(), nameless) else {
        return;
    };
    let said = says(python, nameless.path(), "\"event\"");
    assert!(said.contains("identity_awaited"), "{said}");
    assert!(said.contains("name_lost"), "{said}");
}

/// Who signs a bundle of roots writes a name above each, in any encoding.
#[test]
fn a_comment_that_is_no_ascii_in_python() {
    let Some(python) = python() else {
        return;
    };
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let roots = [b"# T\xfcrk\n", agent.root_pem().as_bytes()].concat();
    fs::write(agent.files().roots, roots).unwrap();
    let said = says(python, folder.path(), "\"event\"");
    assert!(said.contains("identity_loaded"), "{said}");
}

/// What goes wrong in a hook may quote a key. It is told once, and not at each of the looks that follow.
#[test]
fn the_words_of_an_exception_in_python() {
    let Some(python) = peer::find("python3") else {
        return;
    };
    let folder = lab::directory().unwrap();
    let _agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    // It ends at its fiftieth look.
    let program = "import itertools, os, rotating, threading\n\
         looks = itertools.count(1)\n\
         def hook(loaded, rejected):\n  \
             if next(looks) == 50: os._exit(0)\n  \
             raise ValueError('precious')\n\
         rotating.Rotating(('tls.crt', 'tls.key', 'ca.crt'), ('localhost',), hook, 0.01)\n\
         threading.Event().wait()\n";
    let mut command = Command::new(python);
    command
        .args(["-c", program])
        .env("PYTHONPATH", programs::here().join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&folder)
        .stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let lines = programs::lines(running.0.stdout.take().unwrap());
    let mut all = Vec::new();
    let ended = loop {
        match lines.recv_timeout(BOUND) {
            Ok(line) => all.push(line),
            Err(ended) => break ended,
        }
    };
    assert_eq!(
        ended,
        RecvTimeoutError::Disconnected,
        "fifty looks: {all:?}"
    );
    assert_eq!(all, ["rotation: <class 'ValueError'>"]);
}

/// What is read of a file: one that is larger by a byte was cut there, and its beginning served.
#[test]
fn a_file_that_is_a_byte_too_large() {
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let path = agent.files().certificate;
    let chain = fs::read_to_string(&path).unwrap();
    let programs = || {
        let rust = Some(Command::new(env!("CARGO_BIN_EXE_recipe-hyper")));
        [rust, programs::go().map(Command::new), python()]
    };
    for (bytes, event) in [
        (1 << 20, "identity_loaded"),
        ((1 << 20) + 1, "identity_awaited"),
    ] {
        fs::write(
            &path,
            format!("{chain}{}\n", ".".repeat(bytes - chain.len() - 1)),
        )
        .unwrap();
        for program in programs().into_iter().flatten() {
            let said = says(program, folder.path(), "\"identity_");
            assert!(said.contains(event), "{bytes}: {said}");
            let why = said.contains("larger than 1 MiB");
            assert_eq!(why, event == "identity_awaited", "{bytes}: {said}");
        }
    }
}

/// As a variable of a shell leaves it that is not set. Go and OpenSSL would ask for no name, or at each look for none.
#[test]
fn an_empty_name_ends_each_program_at_its_start() {
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let rust = Some(Command::new(env!("CARGO_BIN_EXE_recipe-hyper")));
    let go = programs::go().map(Command::new);
    for mut program in [rust, go, python()].into_iter().flatten() {
        program.args([&files.certificate, &files.key, &files.roots]);
        program.args(["", "127.0.0.1:0"]).stderr(Stdio::piped());
        let mut running = Running(program.spawn().unwrap());
        let lines = programs::lines(running.0.stderr.take().unwrap());
        let mut said = String::new();
        loop {
            match lines.recv_timeout(BOUND) {
                Ok(line) => said += &line,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("{program:?} runs on: {said}"),
            }
        }
        assert!(!running.0.wait().unwrap().success(), "{program:?}");
        let told = ["no name of a host", "cannot be an empty string"];
        assert!(
            told.iter().any(|it| said.contains(it)),
            "{program:?}: {said}"
        );
        assert!(!said.contains("identity_loaded"), "{program:?}: {said}");
    }
}
