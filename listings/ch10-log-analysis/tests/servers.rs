//! Real servers: one that reloads, one that does not, one that lies; and the same run of four
//! implementations gets the same answers.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Files, Strategy};
use lab::authority::Issued;
use lab::child::Child;
use lab::client::{Client, Options};
use lab::emit;
use lab::log::want;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::zdr;

/// Chapter 4's server, on OpenSSL.
const OPENSSL: &str = "ch04-dynamic-contexts";

fn ours() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ch10-log-analysis"))
}

/// A server, its agent, and the file that its log is written to.
struct Scene {
    directory: TempDir,
    agent: Agent,
    server: Child,
    address: SocketAddr,
}

impl Scene {
    /// `arguments` follow what names the files.
    async fn new(program: &Path, arguments: impl FnOnce(&Files) -> Vec<OsString>) -> Self {
        let directory = lab::directory().unwrap();
        let agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
        let path = directory.path().join("server.jsonl");
        let mut file = fs::File::create(path).unwrap();
        let server = Child::spawn(program, arguments(&agent.files()), move |event| {
            writeln!(file, "{event}").unwrap();
        })
        .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
        Self {
            directory,
            agent,
            server,
            address,
        }
    }

    async fn ours(extra: &[&str]) -> Self {
        Self::new(ours(), |files| Serve::command_line_with(files, extra)).await
    }

    fn log(&self, arguments: &[&str]) -> Command {
        zdr::log(self.directory.path(), arguments)
    }

    /// Asks the wire, waiting for `wait` seconds. The exit code, and what was said.
    fn wire(&self, arguments: &[&str], wait: &str) -> (Option<i32>, String) {
        self.wire_and("server.jsonl", arguments, wait)
    }

    /// The same, with another log beside it.
    fn wire_and(&self, log: &str, arguments: &[&str], wait: &str) -> (Option<i32>, String) {
        let address = self.address.to_string();
        let mut command = self.log(&["assert", log, "--roots", "ca.crt"]);
        command
            .args(["--wire", &address, "--wait", wait])
            .args(arguments);
        zdr::said(&command.output().unwrap())
    }

    /// What the server has said so far.
    fn said(&self) -> String {
        fs::read_to_string(self.directory.path().join("server.jsonl")).unwrap()
    }

    async fn loaded(&self, generation: u64) {
        let loaded = want("identity_loaded").with("generation", generation);
        self.server.log().wait_for(&loaded, BOUND).await;
    }
}

// ANCHOR: honest
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_log_is_confirmed() {
    let mut scene = Scene::ours(&[]).await;
    assert_eq!(scene.wire(&[], "30"), (Some(0), String::new()));
    let issued = scene.agent.rotate().unwrap();
    let arguments = ["--loaded", &issued.facts.serial];
    assert_eq!(scene.wire(&arguments, "30"), (Some(0), String::new()));
}
// ANCHOR_END: honest

// ANCHOR: lying
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_lies_is_caught() {
    let mut scene = Scene::ours(&["--lie"]).await;
    assert_eq!(
        scene.wire(&[], "30"),
        (Some(0), String::new()),
        "so far it is true"
    );
    let issued = scene.agent.rotate().unwrap();
    scene.loaded(2).await;
    // The log alone passes every question.
    let mut alone = scene.log(&["assert", "server.jsonl", "--loaded", &issued.facts.serial]);
    assert!(alone.status().unwrap().success());
    let (code, said) = scene.wire(&["--loaded", &issued.facts.serial], "30");
    assert_eq!(code, Some(1), "{said}");
    let lie = "the log says that generation 2 (1002) is served since";
    assert!(said.starts_with(&format!("does not hold: {lie}")), "{said}");
    assert!(said.trim_end().ends_with("was shown 1001"), "{said}");
}
// ANCHOR_END: lying

/// The line of the second load found no room. Where the log says so, nothing can be told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_claim_is_no_lie_of_the_log() {
    let mut scene = Scene::ours(&[]).await;
    scene.agent.rotate().unwrap();
    scene.loaded(2).await;
    let said = scene.said();
    let without = said
        .lines()
        .filter(|line| !line.contains(r#""generation":2"#));
    let without: String = without.map(|line| format!("{line}\n")).collect();
    let lost = r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"lines_lost","lines":7}"#;
    let address = scene.address.to_string();
    for (log, code, says) in [
        (without.clone(), 1, "which the log never claims"),
        (
            format!("{without}{lost}\n"),
            2,
            "7 lines of the log are lost since, and may claim it",
        ),
    ] {
        fs::write(scene.directory.path().join("cut.jsonl"), log).unwrap();
        let arguments = [
            "assert",
            "cut.jsonl",
            "--roots",
            "ca.crt",
            "--wire",
            &address,
        ];
        let (found, said) = zdr::said(&scene.log(&arguments).output().unwrap());
        assert_eq!(found, Some(code), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

/// The assertions must fail where reloading does not happen, or they prove nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_reload_fails() {
    let openssl = lab_test::peer::built(OPENSSL);
    let frozen: [(Option<&Path>, &[&str]); 2] = [
        (Some(ours()), &["--frozen"]),
        (openssl.as_deref(), &["--hook", "frozen"]),
    ];
    for (program, extra) in frozen {
        let Some(program) = program else { continue };
        let arguments = |files: &Files| Serve::command_line_with(files, extra);
        let mut scene = Scene::new(program, arguments).await;
        let serial = scene.agent.rotate().unwrap().facts.serial;
        for arguments in [
            &["--loaded", &serial] as &[&str],
            &["--generation-at-least", "2"],
            &[
                "--order",
                "identity_loaded generation=1,identity_loaded generation=2",
            ],
        ] {
            let mut all = vec!["assert", "server.jsonl", "--wait", "0.3"];
            all.extend(arguments);
            let output = scene.log(&all).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{program:?}: {arguments:?}");
        }
    }
}

/// The same from outside: nobody listens, or it is another server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_confirms_nothing() {
    let mut scene = Scene::ours(&[]).await;
    let other = Scene::ours(&[]).await;
    let (mine, others) = (scene.address, other.address);
    // It is shown a chain of another authority.
    scene.address = others;
    let (code, said) = scene.wire(&[], "0.3");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("{others} confirms nothing: handshake failed")),
        "{said}"
    );
    scene.address = mine;
    fs::write(scene.directory.path().join("empty.jsonl"), "").unwrap();
    let (code, said) = scene.wire_and("empty.jsonl", &[], "0.3");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the log claims nothing that a handshake could confirm"),
        "{said}"
    );
    other.server.signal(Signal::KILL).unwrap();
    other.server.wait(BOUND).await.unwrap();
    scene.address = others;
    let (code, said) = scene.wire(&[], "0.3");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("confirms nothing: connection refused"),
        "{said}"
    );
}

/// The swap comes before the line. A handshake in between is no reason to cry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_comes_late_is_waited_for() {
    let mut scene = Scene::ours(&[]).await;
    let path = scene.directory.path().join("late.jsonl");
    let early = scene.said();
    scene.agent.rotate().unwrap();
    scene.loaded(2).await;
    let late = scene.said().split_off(early.len());
    fs::write(&path, early).unwrap();
    let seen = want("connection_opened").with("generation", 2);
    let log = scene.server.log().clone();
    let late = tokio::spawn(async move {
        // It comes again once it has compared, and found that the line is not there.
        log.wait_for_nth(&seen, 2, BOUND).await;
        let mut file = fs::File::options().append(true).open(&path).unwrap();
        file.write_all(late.as_bytes()).unwrap();
    });
    let (code, said) = tokio::task::block_in_place(|| scene.wire_and("late.jsonl", &[], "30"));
    assert_eq!(code, Some(0), "{said}");
    late.await.unwrap();
}

/// A certificate that nobody logged: the log says less than the wire.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shown_and_not_logged() {
    let mut scene = Scene::ours(&[]).await;
    scene.agent.rotate().unwrap();
    scene.loaded(2).await;
    let whole = scene.said();
    let without = whole
        .lines()
        .filter(|line| !line.contains("\"generation\":2"))
        .map(|line| format!("{line}\n"));
    let path = scene.directory.path().join("without.jsonl");
    fs::write(path, without.collect::<String>()).unwrap();
    let (code, said) = scene.wire_and("without.jsonl", &[], "0.3");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("was shown 1002, which the log never claims"),
        "{said}"
    );
}

// ANCHOR: same
/// Two good rotations, a mismatched pair, a good one; and a connection that lives through all.
async fn rotate(program: &Path, arguments: impl FnOnce(&Files) -> Vec<OsString>) -> Value {
    let (told, _capturing) = emit::capture();
    let mut scene = Scene::new(program, arguments).await;
    let client = Client::new(scene.agent.root_pem(), "localhost", Options::default()).unwrap();
    let held = client.connect(scene.address).await.unwrap();
    let opened = want("connection_opened").with("connection", 1);
    scene.server.log().wait_for(&opened, BOUND).await;
    for generation in 2..=4 {
        if generation == 4 {
            let (certificate, key) = (
                scene.agent.issue().unwrap(),
                scene.agent.issue().unwrap().key,
            );
            scene.agent.write(&Issued { key, ..certificate }).unwrap();
            let refused = want("identity_rejected").with("generation", 3);
            scene.server.log().wait_for(&refused, BOUND).await;
        }
        scene.agent.rotate().unwrap();
        scene.loaded(generation).await;
        client.probe(scene.address).await.unwrap();
        let closed = want("connection_closed").with("connection", generation);
        scene.server.log().wait_for(&closed, BOUND).await;
    }
    // The agent is another process in real life, with a log of its own.
    let agent = told.events().into_iter().map(|event| format!("{event}\n"));
    fs::write(
        scene.directory.path().join("agent.jsonl"),
        agent.collect::<String>(),
    )
    .unwrap();
    let output = scene
        .log(&["agent.jsonl", "server.jsonl", "--json"])
        .output()
        .unwrap();
    held.close().await;
    serde_json::from_slice(&output.stdout).unwrap()
}
// ANCHOR_END: same

/// What differs from run to run, and between languages: times, the port, the path, the words of the
/// TLS library, and that Python's library cannot watch a directory.
fn without_times(mut answers: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                let differs = [
                    "at",
                    "since",
                    "until",
                    "seconds_left",
                    "ports",
                    "file",
                    "detail",
                ];
                map.retain(|name, _| !differs.contains(&name.as_str()) && !name.ends_with("_us"));
                map.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut answers);
    answers
}

async fn by_ours() -> Value {
    let arguments = |files: &Files| Serve::command_line(files).into();
    without_times(rotate(ours(), arguments).await)
}

/// Of one log all is known: the others are compared with it.
#[tokio::test]
async fn what_the_run_answers() {
    let answers = by_ours().await;
    let server = &answers["servers"][0];
    assert_eq!(server["serving"]["generation"], 4);
    assert_eq!(server["serving"]["serial"], "1006");
    assert_eq!(server["reloads"]["loaded"], 4);
    assert_eq!(
        server["reloads"]["refused"],
        serde_json::json!({"pair_mismatch": 1})
    );
    assert_eq!(server["reloads"]["last_refused"]["mended_by"], 4);
    assert_eq!(server["connections"]["opened"], 4);
    assert_eq!(server["connections"]["old"][0]["generation"], 1);
    assert_eq!(server["connections"]["old"].as_array().unwrap().len(), 1);
    assert_eq!(server["alarms"], serde_json::json!({}));
    for times in ["file_to_load", "load_to_wire", "file_to_wire"] {
        assert_eq!(answers[times]["count"], 4, "{times}");
    }
}

#[tokio::test]
async fn openssl_answers_the_same() {
    let Some(program) = lab_test::peer::built(OPENSSL) else {
        return;
    };
    let arguments = |files: &Files| Serve::command_line(files).into();
    assert_eq!(
        without_times(rotate(&program, arguments).await),
        by_ours().await
    );
}

#[tokio::test]
async fn go_answers_the_same() {
    let Some(twin) = lab_test::peer::go_twin(false) else {
        return;
    };
    let arguments = |files: &Files| Serve::command_line(files).into();
    assert_eq!(
        without_times(rotate(&twin, arguments).await),
        by_ours().await
    );
}

#[tokio::test]
async fn python_answers_the_same() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let twin = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../ch04-dynamic-contexts/python"
    );
    let arguments = |files: &Files| {
        let before = ["-B", "-W", "error", twin].map(OsString::from);
        let serve = Serve::command_line_with(files, &["--poll-ms", "50"]);
        before.into_iter().chain(serve).collect()
    };
    let mut answers = without_times(rotate(&python, arguments).await);
    // It says at its start that it polls. The others watch.
    let alarms = answers["servers"][0]["alarms"].as_object_mut().unwrap();
    let polls = alarms.remove("watch_degraded").unwrap();
    assert!(
        polls["says"].as_str().unwrap().starts_with("polling"),
        "{polls}"
    );
    let events = answers["log"]["events"].as_u64().unwrap();
    answers["log"]["events"] = (events - 1).into();
    assert_eq!(answers, by_ours().await);
}
