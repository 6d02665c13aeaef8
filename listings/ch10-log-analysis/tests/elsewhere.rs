//! Events that stand where none was looked for: in an object that is cut, encoded, in another notation, in another file.

use std::fs;

use serde_json::{Value, json};

use crate::assert::{RUN, Scene};
use crate::zdr::said;

const NONE: [&str; 2] = ["--none", "identity_rejected"];
const REJECTED: &str =
    r#"{"ts":"2026-01-01T00:00:05Z","event":"identity_rejected","generation":2,"reason":"torn"}"#;

fn clean() -> String {
    RUN.replace("identity_rejected", "reload_skipped")
}

/// What each exit code is of a log with this line behind others.
fn of(line: &str) -> (Option<i32>, String) {
    Scene::new(&format!("{}{line}\n", clean())).assert(&NONE)
}

/// The event is all there, and what is around it is not.
#[test]
fn a_whole_event_in_a_cut_object_is_not_nothing() {
    let docker = json!({"log": REJECTED, "stream": "stderr", "time": "x"}).to_string();
    let answer = json!({"data": {"result": [{"stream": {}, "values": [["1", REJECTED]]}]}});
    let answer = answer.to_string();
    for line in [docker, answer] {
        for end in 2..line.len() {
            let (code, error) = of(&line[..end]);
            assert_eq!(code, Some(2), "{}: {error}", &line[..end]);
        }
        assert_eq!(of(&line).0, Some(1), "{line}");
    }
    // Another program's object that is whole has none.
    assert_eq!(of(r#"{"level":"info","msg":"{"}"#).0, Some(0));
}

/// What hands on bytes has a line in base64, and OpenTelemetry has an object as pairs.
#[test]
fn an_encoded_event_is_read() {
    // The line of `REJECTED`.
    let data = "eyJ0cyI6IjIwMjYtMDEtMDFUMDA6MDA6MDVaIiwiZXZlbnQiOiJpZGVudGl0eV9yZWplY3RlZCIsImdlbmVyYXRpb24iOjIsInJlYXNvbiI6InRvcm4ifQ==";
    let pairs = json!([
        {"key": "ts", "value": {"stringValue": "2026-01-01T00:00:05Z"}},
        {"key": "event", "value": {"stringValue": "identity_rejected"}},
        {"key": "generation", "value": {"intValue": "2"}},
    ]);
    for line in [
        json!({"message": {"data": data, "messageId": "1"}}),
        json!({"receivedMessages": [{"ackId": "a", "message": {"data": data, "messageId": "1"}}]}),
        json!({"Records": [{"Data": data, "PartitionKey": "p", "SequenceNumber": "1"}]}),
        json!({"records": [{"recordId": "1", "data": data}]}),
        json!({"topic": "t", "partition": 0, "offset": 1, "value": data}),
        json!({"topic": "t", "partition": 0, "offset": 1, "payload": REJECTED}),
        json!({"Log_s": REJECTED}),
        json!({"logRecords": [{"body": {"kvlistValue": {"values": pairs}}}]}),
    ] {
        let (code, error) = of(&line.to_string());
        assert_eq!(code, Some(1), "{line}: {error}");
    }
    // Of what is not decoded, it is seen that it may be one.
    for line in [
        data.to_owned(),
        json!({"awslogs": {"data": "H4sIAAAA"}}).to_string(),
    ] {
        let (code, error) = of(&line);
        assert_eq!(code, Some(2), "{line}: {error}");
        assert!(error.contains("in a form that is not read"), "{error}");
    }
}

/// In another notation, its name stands beside the word for it.
#[test]
fn an_event_in_another_notation_is_not_nothing() {
    let deep = (0..5).fold(REJECTED.to_owned(), |line, _| {
        json!({"log": line}).to_string()
    });
    for line in [
        "ts=2026-01-01T00:00:05Z event=identity_rejected reason=torn",
        r#"{"ts" => "x", "event" => "identity_rejected"}"#,
        "{'ts': 'x', 'event': 'identity_rejected'}",
        "map[event:identity_rejected reason:torn]",
        r#"{"app.event":"identity_rejected"}"#,
        "  event: identity_rejected",
        "<m>{&quot;event&quot;:&quot;identity_rejected&quot;}</m>",
        &deep,
    ] {
        let (code, error) = of(line);
        assert_eq!(code, Some(2), "{line}: {error}");
        let other = Scene::new(&format!("{}{line}\n", clean())).assert(&["--none", "key_exposed"]);
        assert_eq!(other.0, Some(0), "{line}: {}", other.1);
    }
    for words in [
        "the event `identity_rejected` did not occur",
        "no event loop",
    ] {
        assert_eq!(of(words).0, Some(0), "{words}");
    }
}

/// Of two files, one has lines in which nothing is known.
#[test]
fn a_file_without_an_event_proves_nothing_beside_another() {
    let scene = Scene::new(RUN);
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other.log");
    fs::write(&other, "time,level\n1,info\n").unwrap();
    let other = other.to_str().unwrap();
    for (asked, expected) in [
        (["--none", "key_exposed"], 2),
        (["--loaded", "1003"], 2),
        (["--loaded", "1002"], 0),
        (["--none", "identity_rejected"], 1),
    ] {
        let all = ["assert", "run.jsonl", other, asked[0], asked[1]];
        let (code, error) = said(&scene.command(&all).output().unwrap());
        assert_eq!(code, Some(expected), "{asked:?}: {error}");
        if expected == 2 {
            assert!(error.contains("this file holds no event"), "{error}");
        }
    }
}

/// A rate of sound is none of lines.
#[test]
fn a_rate_of_another_program_is_no_sampling() {
    let (code, error) = of(r#"{"codec":"aac","sample_rate":44100}"#);
    assert_eq!(code, Some(0), "{error}");
}

/// A time before the end of a log does not take its last lines away, and that is said.
#[test]
fn a_time_before_the_end_of_the_log_is_told() {
    let scene = Scene::new(RUN);
    for (at, is_told) in [
        ("2026-01-01T00:00:01Z", true),
        ("2026-01-02T00:00:00Z", false),
    ] {
        let asked = scene
            .command(&["run.jsonl", "--json", "--at", at])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&asked.stderr).contains("--at sets the clock alone");
        assert_eq!(told, is_told, "{at}");
        let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
        assert_eq!(answer["servers"][0]["serving"]["serial"], "1002");
    }
}
