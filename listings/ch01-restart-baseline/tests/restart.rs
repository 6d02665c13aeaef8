//! One rotation by restart: what it does to those who are connected, and to those who come.

use std::io;
use std::path::Path;

use ch01_restart_baseline::supervisor::Supervisor;
use lab::agent::{Agent, Strategy};
use lab::child::Child;
use lab::client::{Client, Failure, Options, expected_sha256};
use lab::log::want;
use tempfile::TempDir;

const MIB: u32 = 1 << 20;

struct Bench {
    _directory: TempDir,
    agent: Agent,
    client: Client,
    supervisor: Supervisor,
}

async fn bench() -> Bench {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    let program = env!("CARGO_BIN_EXE_ch01-restart-baseline").into();
    let mut supervisor = Supervisor::new(program, agent.files()).unwrap();
    supervisor.start().await.unwrap();
    Bench {
        _directory: directory,
        agent,
        client,
        supervisor,
    }
}

#[tokio::test]
async fn the_download_is_severed_where_it_stood() {
    let mut bench = bench().await;
    let server = bench.supervisor.address();
    let mut download = bench.client.connect(server).await.unwrap();
    for _ in 0..3 {
        download.pull(MIB).await.unwrap();
    }
    bench.supervisor.restart(async {}).await.unwrap();
    let Err(Failure::Severed { at, .. }) = download.pull(MIB).await else {
        panic!("the download survived the restart");
    };
    assert_eq!(at, 3 << 20);
    // What did arrive is right: the harm is that the rest did not.
    assert_eq!(download.sha256(), expected_sha256(3 << 20));
}

/// The control: without a restart the same download ends well.
#[tokio::test]
async fn without_a_restart_the_download_is_whole() {
    let bench = bench().await;
    let server = bench.supervisor.address();
    let mut download = bench.client.connect(server).await.unwrap();
    for _ in 0..8 {
        download.pull(MIB).await.unwrap();
    }
    assert_eq!(download.sha256(), expected_sha256(8 << 20));
}

#[tokio::test]
async fn who_comes_during_the_gap_is_refused() {
    let mut bench = bench().await;
    let (client, server) = (bench.client.clone(), bench.supervisor.address());
    let callers = async {
        let mut refused = 0;
        for _ in 0..10 {
            if matches!(client.connect(server).await, Err(Failure::Refused)) {
                refused += 1;
            }
        }
        refused
    };
    let gap = bench.supervisor.restart(callers).await.unwrap();
    assert_eq!(gap.seen, 10);
    assert!(!gap.length.is_zero());
    // The gap closes: the next caller is served.
    client.probe(server).await.unwrap();
}

#[tokio::test]
async fn new_files_are_not_seen_until_the_restart() {
    let mut bench = bench().await;
    let server = bench.supervisor.address();
    let second = bench.agent.rotate().unwrap();
    let before = bench.client.probe(server).await.unwrap();
    assert_eq!(before.chain.serial, "1001");
    bench.supervisor.restart(async {}).await.unwrap();
    let after = bench.client.probe(server).await.unwrap();
    assert_eq!(after.chain, second.facts);
}

/// Runs the server on files that were spoiled, and returns what it said before it ended.
async fn last_words(spoil: impl FnOnce(&mut Agent, &Path)) -> String {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    spoil(&mut agent, directory.path());
    let files = agent.files();
    let program = Path::new(env!("CARGO_BIN_EXE_ch01-restart-baseline"));
    let arguments = [
        "serve".as_ref(),
        "--certificate".as_ref(),
        files.certificate.as_os_str(),
        "--key".as_ref(),
        files.key.as_os_str(),
    ];
    let child = Child::spawn(program, arguments, |_| ()).unwrap();
    let log = child.log().clone();
    let status = child.wait(lab::BOUND).await.unwrap();
    assert_eq!(status.code(), Some(1));
    log.assert_none(&want("listening"));
    let said = log.all(&want("stray_line"));
    assert_eq!(said.len(), 1, "one line, and no backtrace: {said:?}");
    said[0].text("text").unwrap()
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let said = last_words(|_, directory| {
        std::fs::remove_file(directory.join("tls.key")).unwrap();
    });
    let said = said.await;
    assert!(said.contains("tls.key: "), "{said}");
    assert!(
        said.contains(&io::Error::from_raw_os_error(2).to_string()),
        "{said}"
    );
}

#[tokio::test]
async fn a_certificate_that_is_none_is_named() {
    for what in ["", "-----BEGIN CERTIFICATE-----\n"] {
        let said = last_words(|_, directory| {
            std::fs::write(directory.join("tls.crt"), what).unwrap();
        });
        let said = said.await;
        assert!(said.contains("tls.crt: "), "{said}");
    }
}

/// Without line ends, the whole key is one line, and a parser's message would quote it.
#[tokio::test]
async fn what_is_wrong_with_a_key_is_said_without_its_bytes() {
    let mut key = String::new();
    let said = last_words(|_, directory| {
        let path = directory.join("tls.key");
        key = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, key.replace('\n', "")).unwrap();
    });
    let said = said.await;
    assert!(said.contains("tls.key: it holds no key"), "{said}");
    for line in key.lines() {
        let bytes = format!("{:?}", line.as_bytes());
        assert!(!said.contains(line) && !said.contains(bytes.trim_matches(['[', ']'])));
    }
}

// ANCHOR: torn_pair
/// A torn pair at the moment of a restart leaves no server at all: there is no last good one.
#[tokio::test]
async fn a_torn_pair_ends_the_process() {
    let said = last_words(|agent, directory| {
        let next = agent.issue().unwrap();
        std::fs::write(directory.join("tls.crt"), next.chain_pem).unwrap();
    });
    let said = said.await;
    assert!(
        said.contains("tls.key: ") && said.contains("KeyMismatch"),
        "{said}"
    );
}
// ANCHOR_END: torn_pair
