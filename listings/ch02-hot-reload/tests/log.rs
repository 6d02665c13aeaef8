//! A log that nobody reads.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use ch02_hot_reload::arguments::Serve;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options, config};
use lab::event::Event;
use lab::stderr::LINES;
use tokio::time::timeout;

/// What a pipe holds where nothing else is said, in bytes.
const PIPE: usize = 64 << 10;

/// A server that ends with the test, whatever becomes of that.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Each connection that is no TLS is a line. They fill the pipe, and what may wait for it; then a client
/// comes that is served all the same. When the log is read again, it says what it lacks.
#[tokio::test]
async fn a_log_that_is_not_read_holds_no_handshake_up() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_ch02-hot-reload"))
        .args(Serve::command_line(&agent.files()))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let _running = Running(server);
    let mut events = lines.map_while(Result::ok).map(|line| {
        let event = Event::parse(&line);
        event.unwrap_or_else(|| panic!("no event: {line}"))
    });
    let listening = events.find(|event| event.name() == "listening").unwrap();
    let port = u16::try_from(listening.number("port").unwrap()).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let line = r#"{"ts":"2026-11-28T06:00:00.000000000Z","event":"handshake_failed","why":""}"#;
    for _ in 0..PIPE / line.len() + 2 * LINES {
        let stream = TcpStream::connect_timeout(&address, lab::BOUND);
        let mut stream = stream.expect("nothing is accepted while the log waits");
        stream.write_all(b"no TLS").unwrap();
    }
    let options = config(agent.root_pem(), Options::default()).unwrap();
    let client = Client::with_config(options, "localhost").unwrap();
    let served = timeout(lab::BOUND, client.probe(address)).await;
    let served = served.map(|probe| probe.is_ok());
    let (sender, lost) = channel();
    thread::spawn(move || sender.send(events.find(|event| event.name() == "lines_lost")));
    let lost = match &served {
        Ok(true) => lost.recv_timeout(lab::BOUND).ok().flatten(),
        _ => None,
    };
    assert_eq!(served, Ok(true), "the handshake waits for the log");
    let lost = lost.expect("an event that says what is missing");
    assert!(lost.number("lines") > Some(0), "{lost}");
}
