//! Clients that begin and do not go on hold no place for long.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options};
use lab::event::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::programs::Running;

const BOUND: Duration = Duration::from_secs(60);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct Server {
    address: SocketAddr,
    root: String,
    _running: Running,
}

impl Server {
    fn start(agent: &Agent) -> Self {
        let files = agent.files();
        let mut server = Command::new(env!("CARGO_BIN_EXE_recipe-hyper"))
            .args([&files.certificate, &files.key, &files.roots])
            .args(["localhost", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let running = Running(server);
        let mut events = lines
            .map_while(Result::ok)
            .filter_map(|it| Event::parse(&it));
        let listening = events.find(|event| event.name() == "listening").unwrap();
        let port = u16::try_from(listening.number("port").unwrap()).unwrap();
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            root: agent.root_pem().to_owned(),
            _running: running,
        }
    }

    /// A client that speaks this protocol, and has sent so much.
    async fn begun(&self, protocol: &str, bytes: &[u8]) -> TlsStream<TcpStream> {
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
    let read = timeout(BOUND, stream.read(&mut answer)).await.unwrap();
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
