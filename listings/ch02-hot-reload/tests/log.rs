//! A log that nobody reads.

use std::io::{self, BufRead, BufReader, ErrorKind, PipeWriter, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use ch02_hot_reload::arguments::Serve;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options, config};
use lab::event::Event;
use lab::stderr::LINES;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tokio::time::timeout;

/// A server that ends with the test, whatever becomes of that.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Fills a pipe, with lines that hold nothing. Whoever else writes to it must be silent meanwhile.
fn fill(pipe: &mut PipeWriter) {
    let waits = fcntl_getfl(&*pipe).unwrap();
    fcntl_setfl(&*pipe, waits | OFlags::NONBLOCK).unwrap();
    let mut line = [b' '; 4096];
    line[4095] = b'\n';
    let end = loop {
        if let Err(end) = pipe.write(&line) {
            break end;
        }
    };
    assert_eq!(end.kind(), ErrorKind::WouldBlock);
    fcntl_setfl(&*pipe, waits).unwrap();
}

/// Says something that is no TLS, which is a line in the log, and waits until the server has hung up. More
/// clients than it can accept would wait for a second each.
fn knock(address: SocketAddr, says: &[u8]) {
    let stream = TcpStream::connect_timeout(&address, lab::BOUND);
    let mut stream = stream.expect("nothing is accepted while the log waits");
    stream.set_read_timeout(Some(lab::BOUND)).unwrap();
    stream.write_all(says).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    if let Err(error) = stream.read_to_end(&mut Vec::new()) {
        // A reset is an end as well.
        assert_eq!(
            error.kind(),
            ErrorKind::ConnectionReset,
            "it does not hang up: the log waits"
        );
    }
}

/// The log is full, and so is what may wait for it; then a client comes that is served all the same. When the
/// log is read again, it says what it lacks, for a program or for a person.
async fn holds_no_handshake_up(form: &str, lost: impl Fn(&str) -> bool + Send + 'static) {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let (log, mut pipe) = io::pipe().unwrap();
    let server = Command::new(env!("CARGO_BIN_EXE_ch02-hot-reload"))
        .args(Serve::command_line_with(&agent.files(), &["--log", form]))
        .stderr(pipe.try_clone().unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The server has the other copy: when it is gone, the log has an end.
    let _running = Running(server);
    let mut lines = BufReader::new(log).lines().map_while(Result::ok);
    let listening = lines.find_map(|line| port_of(&line)).unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], listening));
    fill(&mut pipe);
    drop(pipe);
    for nth in 0..2 * LINES {
        // For a person, lines that repeat are one, and two may swap.
        knock(address, [b"no TLS" as &[u8], b""][nth % 2]);
    }
    let options = config(agent.root_pem(), Options::default()).unwrap();
    let client = Client::with_config(options, "localhost").unwrap();
    let served = timeout(lab::BOUND, client.probe(address)).await;
    let served = served.map(|probe| probe.is_ok());
    assert_eq!(served, Ok(true), "the handshake waits for the log");
    let (sender, told) = channel();
    thread::spawn(move || sender.send(lines.any(|line| lost(&line))));
    let told = told.recv_timeout(lab::BOUND);
    assert_eq!(told, Ok(true), "nothing says what is missing");
}

/// The port of the line that says where the server listens.
fn port_of(line: &str) -> Option<u16> {
    let (_, port) = line.split_once("port")?;
    let digits = port.trim_matches(|it: char| !it.is_ascii_digit());
    line.contains("listening").then(|| digits.parse().unwrap())
}

#[tokio::test]
async fn a_log_that_is_not_read_holds_no_handshake_up() {
    let lost = |line: &str| {
        let event = Event::parse(line).filter(|event| event.name() == "lines_lost");
        event.is_some_and(|event| event.number("lines") > Some(0))
    };
    holds_no_handshake_up("json", lost).await;
}

#[tokio::test]
async fn what_is_lost_is_told_of_as_people_read() {
    let lost = |line: &str| line.contains("lines_lost") && Event::parse(line).is_none();
    holds_no_handshake_up("text", lost).await;
}
