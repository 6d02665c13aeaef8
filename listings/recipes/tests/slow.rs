//! Clients that begin and do not go on hold no place for long.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options};
use lab::event::Event;
use lab_test::peer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use crate::programs::{self, Running, build_go, here, started};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub struct Server {
    pub address: SocketAddr,
    root: String,
    pub running: Running,
}

impl Server {
    /// A server that does not say where it listens.
    pub async fn start_by(command: Command, agent: &Agent) -> Self {
        let (address, running) = started(command, &agent.files(), Stdio::null()).await;
        Self {
            address,
            root: agent.root_pem().to_owned(),
            running,
        }
    }

    fn start(agent: &Agent) -> Self {
        let files = agent.files();
        let mut command = Command::new(env!("CARGO_BIN_EXE_recipe-hyper"));
        let (running, lines) = programs::logging(&mut command, &files);
        let listening = loop {
            let line = lines
                .recv_timeout(BOUND)
                .expect("it does not say where it listens");
            match Event::parse(&line) {
                Some(event) if event.name() == "listening" => break event,
                _ => {}
            }
        };
        let port = u16::try_from(listening.number("port").unwrap()).unwrap();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            root: agent.root_pem().to_owned(),
            running,
        }
    }

    /// A client that speaks this protocol, and has sent so much.
    pub async fn begun(&self, protocol: &str, bytes: &[u8]) -> TlsStream<TcpStream> {
        let config = lab::client::config(&self.root, Options::default()).unwrap();
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols = vec![protocol.into()];
        let client = Client::with_config(Arc::new(config), "localhost").unwrap();
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let (mut stream, _) = client.handshake(tcp).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        stream
    }
}

/// Waits until the server has closed it.
async fn closed(mut stream: TlsStream<TcpStream>, what: &str) {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let end = timeout(BOUND, stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "{what}: it is still held after {BOUND:?}");
}

async fn answered(stream: &mut TlsStream<TcpStream>) {
    let mut answer = vec![0; 4096];
    let read = timeout(BOUND, stream.read(&mut answer)).await;
    let read = read.expect("no answer to a request");
    assert!(answer[..read.unwrap()].starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn what_was_begun_is_let_go_and_what_asked_is_kept() {
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let server = Server::start(&agent);
    let mut asked = server.begun("http/1.1", REQUEST).await;
    answered(&mut asked).await;

    let silent = server.begun("http/1.1", b"").await;
    let head = server.begun("http/1.1", &REQUEST[..20]).await;
    let preface = server.begun("h2", b"PRI * HTTP/2.0\r\n\r").await;
    let quiet = server.begun("h2", b"").await;
    tokio::join!(
        closed(silent, "a client that says nothing"),
        closed(head, "half a head"),
        closed(preface, "half a preface"),
        closed(quiet, "a client of HTTP/2 that says nothing"),
    );
    asked.write_all(REQUEST).await.unwrap();
    asked.flush().await.unwrap();
    answered(&mut asked).await;
}

/// A copy of a recipe, in which a time is shorter.
pub fn with_shorter(language: &str, file: &str, time: &str, shorter: &str) -> TempDir {
    let copy = lab::directory().unwrap();
    for entry in fs::read_dir(here().join(language)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let text = fs::read_to_string(copy.path().join(file)).unwrap();
    assert!(text.contains(time), "{file} has no {time}");
    fs::write(copy.path().join(file), text.replace(time, shorter)).unwrap();
    copy
}

/// What a client of HTTP/2 has said before it stops: its preface and settings, and half of what comes next.
pub fn begun_in_http2(next: &[u8]) -> Vec<u8> {
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &[0, 0, 0, 4, 0, 0, 0, 0, 0][..],
        next,
    ]
    .concat()
}

#[tokio::test]
async fn a_client_that_stops_is_let_go_in_go() {
    let copy = with_shorter("go", "main.go", "2 * time.Minute", "time.Second");
    let program = copy.path().join("server");
    if !build_go(copy.path(), &program) {
        return;
    }
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let server = Server::start_by(Command::new(program), &agent).await;
    let mut asked = server.begun("http/1.1", REQUEST).await;
    answered(&mut asked).await;
    let frame = server.begun("h2", &begun_in_http2(&[0])).await;
    let block = begun_in_http2(&[0, 0, 0, 1, 0, 0, 0, 0, 1]);
    let block = server.begun("h2", &block).await;
    tokio::join!(
        closed(asked, "a client that asks nothing more"),
        closed(frame, "half a frame"),
        closed(block, "half a field block"),
    );
}

#[tokio::test]
async fn a_client_that_goes_on_for_ever_is_let_go_in_python() {
    let Some(python) = peer::find("python3") else {
        return;
    };
    let copy = with_shorter("python", "server.py", "timeout = 60", "timeout = 2");
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let mut command = Command::new(python);
    command.arg("-B").arg(copy.path().join("server.py"));
    let server = Server::start_by(command, &agent).await;
    let mut asked = server.begun("http/1.1", REQUEST).await;
    answered(&mut asked).await;
    let (mut reader, mut writer) = tokio::io::split(asked);
    let mut rest = Vec::new();
    let ever = async {
        while writer.write_all(b"G").await.is_ok() && writer.flush().await.is_ok() {
            sleep(Duration::from_millis(500)).await;
        }
    };
    let end = async {
        tokio::select! { _ = reader.read_to_end(&mut rest) => {}, () = ever => {} }
    };
    let end = timeout(BOUND, end).await;
    assert!(end.is_ok(), "a byte now and then: held after {BOUND:?}");
}
