//! The twins in Go and Python: one process of each that checks files and serves what it would load,
//! and one that is a client.

use std::array;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard};
use std::thread;

use lab::BOUND;
use lab::agent::Files;
use serde_json::{Value, json};

/// A process that answers each line on its stdin with one on its stdout.
pub struct Peer {
    child: Child,
    asks: ChildStdin,
    answers: Receiver<String>,
}

impl Peer {
    pub fn start(command: &mut Command, role: &str) -> Self {
        let mut child = command
            .arg(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Each connection is logged there.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let asks = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (answer, answers) = channel();
        // It ends with the process.
        thread::spawn(move || {
            let mut lines = lines.map_while(Result::ok);
            lines.try_for_each(|line| answer.send(line))
        });
        Self {
            child,
            asks,
            answers,
        }
    }

    /// Asks, and waits for the answer. A process that has died has none, and neither has one that does not
    /// come to an end.
    pub fn ask(&mut self, files: &Files, port: u16) -> Value {
        let question = json!({
            "certificate": files.certificate, "key": files.key, "roots": files.roots, "port": port,
        });
        writeln!(self.asks, "{question}").unwrap();
        let answer = self.answers.recv_timeout(BOUND);
        let answer =
            answer.unwrap_or_else(|why| panic!("the twin has no answer to {question}: {why}"));
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One twin: its name, its server and its client.
pub struct Twin {
    pub name: &'static str,
    server: Mutex<Peer>,
    clients: [Mutex<Peer>; CLIENTS],
    visits: AtomicUsize,
}

/// So many of a twin's clients visit at once: with one, all kinds would wait for it.
const CLIENTS: usize = 4;

impl Twin {
    fn start(name: &'static str, command: impl Fn() -> Command) -> Self {
        let peer = |role| Mutex::new(Peer::start(&mut command(), role));
        Self {
            name,
            server: peer("check"),
            clients: array::from_fn(|_| peer("visit")),
            visits: AtomicUsize::new(0),
        }
    }

    /// The server. While this is held, it serves what it loaded last.
    pub fn server(&self) -> MutexGuard<'_, Peer> {
        self.server.lock().unwrap()
    }

    /// What the client has to say of the server on this port.
    pub fn visit(&self, files: &Files, port: u16) -> Result<(), String> {
        let turn = self.visits.fetch_add(1, Ordering::Relaxed) % CLIENTS;
        let said = self.clients[turn].lock().unwrap().ask(files, port);
        match said["failed"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => Ok(()),
        }
    }
}

/// Those that are there.
pub fn twins() -> Vec<Twin> {
    let go = lab_test::peer::go_twin(false);
    let python = lab_test::peer::find("python3");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ch04-dynamic-contexts/python");
    let go = go.map(|go: PathBuf| Twin::start("go", || Command::new(&go)));
    let python = python.map(|python| {
        Twin::start("python", || {
            let mut command = Command::new(&python);
            command.args(["-B", "-W", "error"]).arg(&source);
            command
        })
    });
    go.into_iter().chain(python).collect()
}

/// Puts files for a twin's client where nothing else is.
pub fn put(at: &Path, chain: &str, key: &str, roots: &str) -> Files {
    fs::create_dir(at).unwrap();
    let write = |name: &str, text: &str| {
        let path = at.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    Files {
        certificate: write("client.crt", chain),
        key: write("client.key", key),
        roots: write("roots.crt", roots),
    }
}
