//! The server as a process, under the system's clock.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::authority::LeafRequest;
use lab::child::Child;
use lab::client::{Client, Options};
use lab::log::want;
use rustix::process::{Pid, Signal, test_kill_process};

fn start(agent: &Agent) -> Child {
    start_with(agent, &[])
}

fn start_with(agent: &Agent, more: &[&str]) -> Child {
    let program = Path::new(env!("CARGO_BIN_EXE_ch07-graceful-degradation"));
    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    arguments.extend(more.iter().map(Into::into));
    Child::spawn(program, arguments, |_| ()).unwrap()
}

/// One request, and the whole answer.
fn ask(port: u64, path: &str) -> String {
    let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap()));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn the_admin_port_tells() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let child = start_with(&agent, &["--renewed-by", "0.5", "--tries-every", "1min"]);
    let admin = child.log().wait_for(&want("admin_listening"), BOUND).await;
    let port = admin.number("port").unwrap();
    assert!(ask(port, "/ready").starts_with("HTTP/1.0 200 OK\r\n"));
    assert!(ask(port, "/live").ends_with("\r\n\r\nlive\n"));
    let metrics = ask(port, "/metrics");
    assert!(metrics.contains("\nidentity_generation 1\n"));
    // Half of the lifetime, less two tries and a poll.
    let late = LeafRequest::new("localhost").lifetime.as_secs() / 2 - 2 * 60 - 1;
    let late = format!("\nidentity_late_seconds {late}\n");
    assert!(metrics.contains(&late), "{late} in {metrics}");

    let next = agent.rotate().unwrap();
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    child.log().wait_for(&loaded, BOUND).await;
    assert!(ask(port, "/metrics").contains("\nidentity_generation 2\n"));
    assert!(ask(port, "/nothing").starts_with("HTTP/1.0 404 "));
}

/// The server was restarted while the agent renewed. A signal to the number that the agent
/// remembers reaches nobody, or somebody else; the files reach whoever looks at them.
#[tokio::test]
async fn a_stale_pid_loses_nothing() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let old = start(&agent);
    old.port(BOUND).await;
    let remembered = i32::try_from(old.id().unwrap()).unwrap();
    let remembered = Pid::from_raw(remembered).unwrap();
    old.signal(Signal::TERM).unwrap();
    old.wait(BOUND).await.unwrap();
    let new = start(&agent);
    let server = SocketAddr::from(([127, 0, 0, 1], new.port(BOUND).await));

    let next = agent.rotate().unwrap();
    // Asks whether a signal could be sent, and sends none: the number may be another's by now.
    assert!(test_kill_process(remembered).is_err(), "nobody is told");
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    new.log().wait_for(&loaded, BOUND).await;
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    assert_eq!(client.probe(server).await.unwrap().chain, next.facts);
}

/// An agent that does send a signal is heard, and the process goes on: SIGHUP would end it otherwise.
#[tokio::test]
async fn a_hangup_is_a_look() {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let server = start_with(&agent, &["--poll-s", "3600"]);
    server.port(BOUND).await;
    for _ in 0..200 {
        server.signal(Signal::HUP).unwrap();
    }
    let next = agent.rotate().unwrap();
    server.signal(Signal::HUP).unwrap();
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    server.log().wait_for(&loaded, BOUND).await;
}

/// No descriptor is left for a client. It waits, and the metrics count it: no handshake has failed.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_cannot_be_accepted_is_counted() {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let child = start_with(&agent, &["--poll-s", "3600"]);
    let admin = child.log().wait_for(&want("admin_listening"), BOUND).await;
    let admin = admin.number("port").unwrap();
    let counted = |metrics: &str| {
        let line = metrics.lines();
        let mut count = line.filter_map(|line| line.strip_prefix("accepts_failed_total "));
        count.next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(counted(&ask(admin, "/metrics")), 0);
    let server = SocketAddr::from(([127, 0, 0, 1], child.port(BOUND).await));
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    let none = Rlimit {
        current: Some(0),
        // The child has this process's.
        ..getrlimit(Resource::Nofile)
    };
    let before = prlimit(pid, Resource::Nofile, none).unwrap();
    let _client = TcpStream::connect(server).unwrap();
    let failed = want("accept_failed");
    child.log().wait_for(&failed, BOUND).await;
    prlimit(pid, Resource::Nofile, before).unwrap();
    let over = want("fault_ended").with("fault", "accept_failed");
    child.log().wait_for(&over, BOUND).await;
    let metrics = ask(admin, "/metrics");
    assert!(counted(&metrics) > 0, "{metrics}");
    assert!(
        metrics.contains("\nhandshakes_failed_total 0\n"),
        "{metrics}"
    );
}

/// At the start there is no last good identity: the server says what is wrong, and ends.
#[tokio::test]
async fn a_start_without_an_identity_says_why() {
    let directory = lab::directory().unwrap();
    let agent = Agent::new(directory.path(), Strategy::RenameEach).unwrap();
    let child = start(&agent);
    let log = child.log().clone();
    let status = child.wait(BOUND).await.unwrap();
    assert_eq!(status.code(), Some(1));
    let said = log.all(&want("stray_line"));
    let said = said[0].text("text").unwrap();
    assert!(
        said.starts_with("error: ") && said.contains("tls.crt: missing: "),
        "{said}"
    );
}

/// A poll without a pause is no poll, and an agent that renews after the end is none: one clear line,
/// instead of a watcher that dies again and again, or an alarm that never comes.
#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    for (more, named) in [
        (&["--poll-s", "0"][..], "'--poll-s <POLL_S>'"),
        (&["--poll-s", "18446744073709551615"], "'--poll-s <POLL_S>'"),
        (&["--renewed-by", "1.5", "--tries-every", "1h"], "0.72"),
        (&["--renewed-by", "NaN", "--tries-every", "1h"], "0.72"),
        (
            &["--renewed-by", "0.7", "--tries-every", "often"],
            "'--tries-every <TRIES_EVERY>'",
        ),
        // One says little without the other.
        (
            &["--renewed-by", "0.7"],
            "required arguments were not provided",
        ),
    ] {
        let child = start_with(&agent, more);
        let log = child.log().clone();
        let status = child.wait(BOUND).await.unwrap();
        assert_eq!(status.code(), Some(2), "{more:?}");
        let said = log.all(&want("stray_line"))[0].text("text").unwrap();
        let right = said.starts_with("error: ") && said.contains(named);
        assert!(right, "{more:?}: {said}");
    }
}
