//! Each assertion holds where it should, fails where it should, and says where it looked.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::zdr::{self, said};
use lab::agent::{Agent, Strategy};

pub const RUN: &str = r#"{"ts":"2026-01-01T00:00:00.000000000Z","event":"rotation_started","serial":"1001","strategy":"bundle"}
{"ts":"2026-01-01T00:00:00.010000000Z","event":"identity_loaded","generation":1,"serial":"1001","not_after":"2036-01-01T00:00:00Z"}
{"ts":"2026-01-01T00:00:01.000000000Z","event":"listening","port":443}
not an event
{"ts":"2026-01-01T00:00:02.000000000Z","event":"identity_rejected","generation":1,"reason":"truncated"}
{"ts":"2026-01-01T00:00:03.000000000Z","event":"rotation_started","serial":"1002","strategy":"bundle"}
{"ts":"2026-01-01T00:00:03.250000000Z","event":"identity_loaded","generation":2,"serial":"1002","not_after":"2036-01-01T00:00:00Z"}
{"ts":"2026-01-01T00:00:04.000000000Z","event":"connection_opened","connection":1,"generation":2,"resumed":false}
"#;

pub struct Scene {
    directory: tempfile::TempDir,
    log: PathBuf,
}

impl Scene {
    pub fn new(log: &str) -> Self {
        let directory = lab::directory().unwrap();
        let path = directory.path().join("run.jsonl");
        fs::write(&path, log).unwrap();
        Self {
            directory,
            log: path,
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        zdr::log(self.directory.path(), arguments)
    }

    /// The exit code, and what was said on stderr.
    pub fn assert(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut all = vec!["assert", "run.jsonl"];
        all.extend(arguments);
        said(&self.command(&all).output().unwrap())
    }
}

#[test]
fn what_holds() {
    let scene = Scene::new(RUN);
    for arguments in [
        &["--loaded", "1001", "--loaded", "1002"] as &[&str],
        &["--generation-at-least", "2"],
        &[
            "--order",
            "identity_rejected reason=truncated,identity_loaded serial=1002 generation=2",
        ],
        &[
            "--none",
            "identity_rejected reason=expired",
            "--none",
            "handshake_failed",
        ],
        &["--within", "250"],
        &["--valid-for", "3600"],
        &["--loaded", "1001", "--wait", "30"],
    ] {
        assert_eq!(
            scene.assert(arguments),
            (Some(0), String::new()),
            "{arguments:?}"
        );
    }
}

#[test]
fn what_does_not_hold() {
    let scene = Scene::new(RUN);
    for (arguments, expected) in [
        (
            &["--loaded", "1003"] as &[&str],
            "the log lacks `identity_loaded serial=\"1003\"`",
        ),
        (
            &["--generation-at-least", "3"],
            "no generation from 3 on was loaded",
        ),
        (
            &["--order", "identity_loaded serial=1002,identity_rejected"],
            "the log lacks `identity_rejected` at the mark",
        ),
        (
            &["--none", "identity_rejected"],
            "the log has `identity_rejected`, which must not be there",
        ),
        (
            &["--within", "249"],
            "the rotation to 1002 took 250 ms from file to load, and 249 ms are allowed",
        ),
        (
            &["--valid-for", "999999999"],
            "generation 2 (1002) is valid for ",
        ),
        // One that holds does not hide one that does not.
        (
            &["--loaded", "1002", "--none", "listening"],
            "the log has `listening`",
        ),
    ] {
        let (code, said) = scene.assert(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert!(
            said.starts_with(&format!("does not hold: {expected}")),
            "{said}"
        );
        assert!(said.contains("\n----> "), "{said}");
    }
}

// ANCHOR: mark
/// The sentence, the events before the mark, the mark, the events after it.
#[test]
fn the_mark_stands_where_it_was_looked_for() {
    let (_, said) =
        Scene::new(RUN).assert(&["--order", "listening,identity_rejected reason=expired"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 1 + 3 + 1 + 4, "{said}");
    assert!(lines[3].contains("listening"), "{said}");
    assert_eq!(lines[4], "----> missing from here on");
    assert!(lines[5].contains("truncated"), "{said}");
}
// ANCHOR_END: mark

/// However long the log is: four events on each side.
#[test]
fn a_mark_has_few_events_around_it() {
    let days = ["01-01", "01-02", "01-03"].map(|day| RUN.replace("01-01T", &format!("{day}T")));
    let (_, said) = Scene::new(&days.concat()).assert(&["--none", "connection_opened"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 1 + 4 + 1 + 4, "{said}");
    assert!(lines[4].contains("connection_opened"), "{said}");
    assert!(lines[6].contains("rotation_started"), "{said}");
}

/// A rotation that never arrives is found although earlier ones did.
#[test]
fn started_and_not_loaded() {
    let log = format!(
        "{RUN}{}\n",
        r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"rotation_started","serial":"1003","strategy":"bundle"}"#
    );
    let (code, said) = Scene::new(&log).assert(&["--within", "1000"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("the rotation to 1003 was started, and not loaded"),
        "{said}"
    );
}

/// One that arrived late is not forgotten for one that came in time.
#[test]
fn late_and_then_in_time() {
    let next = RUN.replace("1001", "1003").replace("00:00:0", "00:01:0");
    let first_two = next.lines().take(2).collect::<Vec<_>>().join("\n");
    let (code, said) = Scene::new(&format!("{RUN}{first_two}\n")).assert(&["--within", "249"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the rotation to 1002 took 250 ms"), "{said}");
}

#[test]
fn key_bytes() {
    let directory = lab::directory().unwrap();
    let issued = Agent::new(directory.path(), Strategy::Bundle)
        .and_then(|mut agent| agent.rotate())
        .unwrap();
    let bundle = directory.path().join("tls.pem");
    let bundle = bundle.to_str().unwrap();
    let secret = issued.key.expose().lines().nth(1).unwrap();
    let public = issued.chain_pem.lines().nth(1).unwrap();

    let clean = Scene::new(&format!("{RUN}a stray line with {public}\n"));
    assert_eq!(
        clean.assert(&["--no-key-bytes", bundle]).0,
        Some(0),
        "a chain is public"
    );
    let no_event = Scene::new("listening on 443\n");
    assert_eq!(
        no_event.assert(&["--no-key-bytes", bundle]).0,
        Some(0),
        "a log without an event holds no key"
    );
    // In a line that is no event, too. Of two such lines the first is told.
    let line = format!("a stray line with {secret}\n");
    let leaking = Scene::new(&format!("{RUN}{line}and one more: {line}"));
    let (code, said) = leaking.assert(&["--no-key-bytes", bundle]);
    assert_eq!(
        (code, said.trim_end()),
        (Some(1), "does not hold: run.jsonl:9 holds key material")
    );

    let (code, said) = clean.assert(&["--no-key-bytes", "run.jsonl"]);
    let expected = "error: run.jsonl: it holds no private key in PEM";
    assert_eq!((code, said.trim_end()), (Some(2), expected));
}

/// A script waits for the event, and not for a time.
#[test]
fn waits_until_it_holds() {
    let scene = Scene::new(RUN);
    let waiting = scene
        .command(&["assert", "run.jsonl", "--loaded", "1003", "--wait", "30"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = OpenOptions::new().append(true).open(&scene.log).unwrap();
    let loaded = RUN.lines().nth(6).unwrap().replace("1002", "1003");
    log.write_all((loaded + "\n").as_bytes()).unwrap();
    assert_eq!(
        said(&waiting.wait_with_output().unwrap()),
        (Some(0), String::new())
    );

    let (code, said) = scene.assert(&["--loaded", "1004", "--wait", "0.1"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("lacks `identity_loaded serial=\"1004\"`"),
        "{said}"
    );
}

/// A typo in what must not be there would hold forever.
#[test]
fn what_no_event_can_be_is_refused_with_the_nearest_name() {
    let scene = Scene::new(RUN);
    for (asked, said) in [
        (
            "identity_rejectd",
            "`identity_rejectd` is no event of the contract: `identity_rejected`?",
        ),
        (
            "identity_rejected reasonx=torn",
            "`reasonx` is no field of `identity_rejected` of the contract: `reason`?",
        ),
        (
            "identity_rejected reason=tron",
            "`tron` is no `reason` of `identity_rejected` of the contract: `torn`?",
        ),
    ] {
        for option in ["--none", "--order"] {
            let (code, error) = scene.assert(&[option, asked]);
            assert_eq!(code, Some(2), "{error}");
            assert!(error.contains(said), "{error}");
        }
        let output = scene
            .command(&["run.jsonl", "--until", asked])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}

/// That something is absent is true of an empty log.
#[test]
fn an_empty_log_proves_nothing() {
    let absent: &[&str] = &["--none", "identity_rejected"];
    for (log, arguments, said) in [
        ("", absent, "the log is empty: it proves nothing"),
        ("\n", absent, "the log holds no event: it proves nothing"),
        (
            "listening on 443\n",
            absent,
            "the log holds no event: it proves nothing",
        ),
    ] {
        let (code, error) = Scene::new(log).assert(arguments);
        assert_eq!(code, Some(2), "{log:?}: {error}");
        assert!(error.contains(said), "{error}");
    }
    // What is there holds, and what is not there does not, whatever else is missing.
    assert_eq!(Scene::new(RUN).assert(absent).0, Some(1));
    assert_eq!(Scene::new("").assert(&["--loaded", "1001"]).0, Some(1));
}

/// Whoever wrote it died, or another wrote on in its line. What it was cannot be told.
#[test]
fn a_cut_line_may_be_the_event_that_must_not_occur() {
    let absent: &[&str] = &["--none", "identity_expiring"];
    let begins = r#"{"ts":"2026-01-01T00:00:05.000000000Z","#;
    for (cut, code) in [
        (r#""event":"identity_ex"#, 2),
        (r#""event":"identity_expiring","level":"lat"#, 2),
        (r#""ev"#, 2),
        ("", 2),
        // Another event, or a line of something else: it is not what must not be there.
        (r#""event":"identity_loaded","gener"#, 0),
        (r#""event":"identity_r"#, 0),
    ] {
        let whole = r#"{"ts":"2026-01-01T00:00:06.000000000Z","event":"listening","port":1}"#;
        for after in ["", "\n", whole] {
            let log = format!("{RUN}{begins}{cut}{after}");
            let (found, error) = Scene::new(&log).assert(absent);
            assert_eq!(found, Some(code), "{log:?}: {error}");
            assert!(code == 0 || error.contains("run.jsonl:9 is cut"), "{error}");
        }
    }
    // As a collector of logs keeps it.
    for cut in [
        format!("2026-01-01T00:00:05Z stderr F {begins}"),
        r#"{"log":"{\"ts\":\"2026-01-01T00:00:05Z\",\"event\":\"identity_ex"#.to_owned(),
    ] {
        let (found, error) = Scene::new(&format!("{RUN}{cut}\n")).assert(absent);
        assert_eq!(found, Some(2), "{cut}: {error}");
    }
    let chatter = format!("{RUN}{{not an event\n");
    assert_eq!(Scene::new(&chatter).assert(absent).0, Some(0));
    // What is there does not become doubtful.
    let there = format!("{RUN}{begins}\n");
    let (code, error) = Scene::new(&there).assert(&["--none", "identity_rejected"]);
    assert_eq!(code, Some(1), "{error}");
}

#[tokio::test]
async fn what_cannot_be_mended_is_not_waited_for() {
    let scene = Scene::new(RUN);
    let arguments = [
        "assert",
        "run.jsonl",
        "--none",
        "listening",
        "--wait",
        "3600",
    ];
    let mut waiting = tokio::process::Command::from(scene.command(&arguments));
    let waiting = waiting.kill_on_drop(true).stderr(Stdio::null()).status();
    let status = tokio::time::timeout(lab::BOUND, waiting).await;
    assert_eq!(status.expect("it waits").unwrap().code(), Some(1));
}

#[test]
fn from_the_standard_input() {
    let scene = Scene::new(RUN);
    let piped = |arguments: &[&str]| {
        let stdin = fs::File::open(&scene.log).unwrap();
        let output = scene.command(arguments).stdin(stdin).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(piped(&["assert", "--loaded", "1002"]).0, Some(0));
    assert_eq!(
        piped(&["assert", "-", "--loaded", "1003", "--wait", "30"]).0,
        Some(1)
    );
    let (code, said) = piped(&[]);
    assert_eq!(code, Some(0));
    assert!(
        said.starts_with("served now: generation 2, serial 1002"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_told() {
    let scene = Scene::new(RUN);
    for (arguments, expected) in [
        (
            &["assert", "run.jsonl"] as &[&str],
            "the following required arguments were not provided",
        ),
        (
            &["assert", "gone.jsonl", "--loaded", "1"],
            "error: gone.jsonl: No such file",
        ),
        (
            &["assert", "run.jsonl", "--loaded", "1", "--wait", "long"],
            "a number of seconds",
        ),
        (
            &["assert", "run.jsonl", "--order", "serial=1"],
            "an event's name comes first",
        ),
        (&["assert", "run.jsonl", "--wire", "127.0.0.1:1"], "--roots"),
        (
            &[
                "assert",
                "run.jsonl",
                "--wire",
                "127.0.0.1:1",
                "--roots",
                "none",
            ],
            "error: none: No such file",
        ),
        (
            &[
                "assert",
                "run.jsonl",
                "--wire",
                "127.0.0.1:1",
                "--roots",
                "run.jsonl",
            ],
            "error: run.jsonl or localhost: no trust anchor",
        ),
        (&["."], "error: .: it is a directory"),
        (&["-", "run.jsonl"], "error: `-` stands alone"),
        (&["--strict", "run.jsonl"], "error: run.jsonl:4: no event"),
        (&["--for", "1"], "--follow"),
        (&["--at", "noon", "run.jsonl"], "--at"),
    ] {
        let output = scene.command(arguments).output().unwrap();
        let (code, said) = said(&output);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

/// `zdr log … | head -1` is no failure.
#[test]
fn a_reader_that_has_enough() {
    let scene = Scene::new(RUN);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = scene
        .command(&["run.jsonl"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(said(&output), (Some(0), String::new()));
}

#[test]
fn in_json_as_of_a_time() {
    let scene = Scene::new(RUN);
    let output = scene
        .command(&["run.jsonl", "--json", "--at", "2026-01-01T00:00:05Z"])
        .output()
        .unwrap();
    let answers: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers["at"], "2026-01-01T00:00:05Z");
    assert_eq!(
        answers["servers"][0]["serving"]["seconds_left"],
        315_532_795
    );
    assert_eq!(answers["servers"][0]["reloads"]["refused"]["truncated"], 1);
    assert_eq!(answers["log"]["broken_lines"], 1);
}
