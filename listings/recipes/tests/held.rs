//! Clients that ask and then do nothing hold no place forever, in each language: one that does not read
//! its answer, and one whose request has a body that never comes.
#![cfg(target_os = "linux")]

use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab_test::peer;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Duration, sleep, timeout};
use tokio_rustls::client::TlsStream;

use crate::programs::build_go;
use crate::slow::{Server, begun_in_http2, with_shorter};

const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
const UPLOAD: &[u8] = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n";

/// The number of the server's side of this connection, by the kernel's word. `None` where no process has it.
fn socket(server: SocketAddr, client: &TlsStream<TcpStream>) -> Option<String> {
    let client = client.get_ref().0.local_addr().unwrap();
    let ends = [server, client].map(|end| format!(":{:04X}", end.port()));
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let number = table.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_it = fields[1].ends_with(&ends[0]) && fields[2].ends_with(&ends[1]);
        is_it.then(|| fields[9].to_owned())
    });
    number.filter(|number| number != "0")
}

fn is_held(server: SocketAddr, client: &TlsStream<TcpStream>) -> bool {
    socket(server, client).is_some()
}

/// Waits until the server has let it go, which need not tell its client.
async fn is_let_go(server: &Server, client: TlsStream<TcpStream>, what: String) {
    let gone = async {
        while is_held(server.address, &client) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let gone = timeout(BOUND, gone).await;
    assert!(gone.is_ok(), "{what}: it is still held after {BOUND:?}");
}

/// Starts a server, and both clients, and a third that does not read by HTTP/2 where the server speaks that.
async fn lets_go(command: Command, name: &str, http2: bool) {
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let server = Server::start_by(command, &agent).await;
    let unread = server.begun("http/1.1", LARGE).await;
    assert!(is_held(server.address, &unread), "{name}: it has no place");
    let upload = server.begun("http/1.1", UPLOAD).await;
    let second = async {
        if http2 {
            let unread = server.begun("h2", &asks_in_http2()).await;
            is_let_go(&server, unread, format!("{name}: HTTP/2, unread")).await;
        }
    };
    tokio::join!(
        is_let_go(&server, unread, format!("{name}: unread")),
        is_let_go(&server, upload, format!("{name}: half an upload")),
        second,
    );
}

/// A request for the long answer, with windows that have room for all of it.
fn asks_in_http2() -> Vec<u8> {
    let mut head = vec![0x82, 0x87]; // GET, https
    for (name, value) in [(4u8, "/large"), (1, "localhost")] {
        head.extend([name, value.len() as u8]);
        head.extend(value.as_bytes());
    }
    let frame = |kind: u8, flags: u8, stream: u8, body: &[u8]| {
        let mut frame = vec![0, 0, body.len() as u8, kind, flags, 0, 0, 0, stream];
        frame.extend(body);
        frame
    };
    let all = (1u32 << 30).to_be_bytes();
    begun_in_http2(
        &[
            frame(4, 0, 0, &[&[0, 4][..], &all].concat()),
            frame(8, 0, 0, &all),
            frame(1, 5, 1, &head),
        ]
        .concat(),
    )
}

/// A descriptor of the server's, for this socket. `None` where the system lets no process have another's.
fn taken_from(server: &Server, socket: &str) -> Option<OwnedFd> {
    let process = server.running.0.id();
    let link = PathBuf::from(format!("socket:[{socket}]"));
    let mut descriptors = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let descriptor = descriptors.find_map(|entry| {
        let path = entry.unwrap().path();
        let is_it = fs::read_link(&path).is_ok_and(|target| target == link);
        is_it.then(|| path.file_name()?.to_str()?.parse().ok())?
    });
    let descriptor = descriptor.expect("the server has no such descriptor");
    let process = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    let process = pidfd_open(process, PidfdFlags::empty()).ok()?;
    pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty()).ok()
}

/// The kernel lets it go at the first probe after the time that it is asked for. When that is due is the kernel's
/// business, so this looks at what it is asked.
#[tokio::test]
async fn in_rust_by_the_kernel() {
    for program in [
        env!("CARGO_BIN_EXE_recipe-hyper"),
        env!("CARGO_BIN_EXE_recipe-axum"),
        env!("CARGO_BIN_EXE_recipe-tonic"),
        env!("CARGO_BIN_EXE_recipe-actix"),
    ] {
        let folder = lab::directory().unwrap();
        let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
        let server = Server::start_by(Command::new(program), &agent).await;
        let upload = server.begun("http/1.1", UPLOAD).await;
        is_let_go(&server, upload, format!("{program}: half an upload")).await;
        let unread = server.begun("http/1.1", LARGE).await;
        let number = socket(server.address, &unread).expect("it has no place");
        let Some(socket) = taken_from(&server, &number) else {
            println!("skipped: no process may look at another's descriptors here");
            return;
        };
        let bound = SockRef::from(&socket).tcp_user_timeout().unwrap();
        assert_eq!(bound, Some(Duration::from_secs(30)), "{program}");
    }
}

#[tokio::test]
async fn in_go() {
    let copy = with_shorter("go", "main.go", "room = 30 * time", "room = time");
    let program = copy.path().join("server");
    if build_go(copy.path(), &program) {
        lets_go(Command::new(program), "Go", true).await;
    }
}

#[tokio::test]
async fn in_python() {
    let Some(python) = peer::find("python3") else {
        return;
    };
    let copy = with_shorter("python", "server.py", "timeout = 60", "timeout = 2");
    let mut command = Command::new(python);
    command.arg("-B").arg(copy.path().join("server.py"));
    lets_go(command, "Python", false).await;
}
