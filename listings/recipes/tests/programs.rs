//! The programs that the tests start.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use lab::BOUND;
use lab::agent::Files;
use lab_test::peer;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server on a port of its own, and reads what it logs.
pub fn logging(command: &mut Command, files: &Files) -> (Running, Receiver<String>) {
    let mut server = command
        .args([&files.certificate, &files.key, &files.roots])
        .args(["localhost", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = lines(server.stderr.take().unwrap());
    (Running(server), said)
}

/// The server in Python, where that is installed. It leaves no compiled files beside its source.
pub fn in_python() -> Option<Command> {
    let mut command = Command::new(peer::find("python3")?);
    command.arg("-B").arg(here().join("python/server.py"));
    Some(command)
}

/// Starts a server that does not say where it listens, and waits until it does.
pub async fn started(mut command: Command, files: &Files, log: Stdio) -> (SocketAddr, Running) {
    let (_kept, address) = kept_port();
    command
        .args([&files.certificate, &files.key, &files.roots])
        .args(["localhost", &address.to_string()])
        .stderr(log);
    let running = Running(command.spawn().unwrap());
    let listens = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let listens = timeout(BOUND, listens).await;
    assert!(listens.is_ok(), "{command:?} does not listen");
    (address, running)
}

/// A port that is given to no other program as long as this socket lives: it is bound there, and does not
/// listen. A server that sets `SO_REUSEADDR`, as all do here, listens there beside it; so says Linux, and
/// elsewhere the port is free instead, and nothing keeps it so.
pub fn kept_port() -> (Option<Socket>, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&lab::any_port().into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (cfg!(target_os = "linux").then_some(socket), address)
}

/// The server gets the port, and nothing else does.
#[test]
#[cfg(target_os = "linux")]
fn a_port_is_kept_for_its_server() {
    let (_kept, address) = kept_port();
    // As the system does where it chooses a port for others.
    let other = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let taken = other.bind(&address.into()).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    std::net::TcpStream::connect(address).unwrap_err();
    let _server = std::net::TcpListener::bind(address).unwrap();
    std::net::TcpStream::connect(address).unwrap();
}

/// The lines of a stream, which can be waited for with a bound.
pub fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut all = BufReader::new(stream).lines().map_while(Result::ok);
        all.try_for_each(|line| sender.send(line))
    });
    lines
}

/// The folder of this crate.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The server in Go, built once for all tests. `None` where there is no Go.
pub fn go() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_recipe-hyper")).with_file_name("recipe-go");
    build_go(&here().join("go"), &program).then_some(program)
}

/// Builds a program in Go. Says no where there is no Go.
pub fn build_go(sources: &Path, program: &Path) -> bool {
    let Some(go) = peer::find("go") else {
        return false;
    };
    let mut command = Command::new(go);
    command.args(["build", "-o"]).arg(program).arg(".");
    let built = command.envs(peer::GO).current_dir(sources);
    let built = built.output().unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "go build: {said}");
    true
}
