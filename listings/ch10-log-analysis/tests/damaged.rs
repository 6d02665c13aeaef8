//! Logs that lack a part of a line, or all of a file, where no event is seen to be missing.

use std::fs;

use serde_json::json;

use crate::assert::{RUN, Scene};
use crate::zdr::{self, said};

const NONE: [&str; 2] = ["--none", "identity_rejected"];
const REJECTED: &str = r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"identity_rejected","generation":2,"reason":"torn"}"#;

fn clean() -> String {
    RUN.replace("identity_rejected", "reload_skipped")
}

/// The exit code of a log with this line before others, and what was said.
fn before(line: &str) -> (Option<i32>, String) {
    Scene::new(&format!("{line}\n{}", clean())).assert(&NONE)
}

/// The same with the line behind them.
fn behind(line: &str) -> (Option<i32>, String) {
    Scene::new(&format!("{}{line}\n", clean())).assert(&NONE)
}

/// A file that was rotated in the middle of a line begins with the rest of it. Which event it was may be in the other part.
#[test]
fn the_rest_of_a_line_may_be_any_event() {
    let docker = json!({"log": format!("{REJECTED}\n"), "stream": "stderr", "time": "x"});
    let docker = docker.to_string();
    let table = format!("17672,\"{}\",\"api\"", REJECTED.replace('"', "\"\""));
    for line in [REJECTED, &docker, &table, &format!("{REJECTED} host=api")] {
        let name = line.find("identity_rejected").unwrap();
        let end = line.find("reason").unwrap();
        for from in name..end {
            let rest = &line[from..];
            let (code, error) = before(rest);
            assert_eq!(code, Some(2), "{rest}: {error}");
            assert!(error.contains("run.jsonl:1 is cut"), "{error}");
        }
    }
    // What is balanced is whole, and so are the brackets of other programs.
    for line in [
        r#"{"a":"","b":{"c":""}}"#,
        r#"{"log":"a \"b\": {c}\n","stream":"x"}"#,
        "it's {\"a\":\"b\"}",
        "    },",
        "Foo { a: \"x\", b: Some(\"y\") }",
        "syntax error at or near \"}\"",
    ] {
        assert_eq!(before(line).0, Some(0), "{line}");
    }
}

/// Of an answer that holds many lines, the first ones are not there, and the name of another one is.
#[test]
fn the_rest_of_an_answer_may_have_begun_with_any() {
    let other = r#"{"ts":"2026-01-01T00:00:04.500000000Z","event":"reload_skipped"}"#;
    let values = json!([
        ["1", REJECTED],
        ["2", other],
        ["3", other.replace("04", "06")]
    ]);
    let answer = json!({"data": {"result": [{"stream": {}, "values": values}]}}).to_string();
    let name = answer.find("identity_rejected").unwrap();
    let (code, error) = behind(&answer[name..]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("run.jsonl:9 is cut"), "{error}");
    // Where the line break is lost as well.
    let rest = &REJECTED[REJECTED.find("generation").unwrap()..];
    let (code, error) = behind(&format!("{rest}{other}"));
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("run.jsonl:9 is cut"), "{error}");
}

/// An answer that is cut lacks its last lines, be it within one or between two.
#[test]
fn an_array_of_texts_that_is_cut_may_go_on_with_any() {
    let lines: Vec<_> = clean()
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(str::to_owned)
        .collect();
    let rows: Vec<_> = lines.iter().map(|line| ["x", line.as_str()]).collect();
    for array in [json!(lines), json!(rows)] {
        let array = array.to_string();
        assert_eq!(Scene::new(&format!("{array}\n")).assert(&NONE).0, Some(0));
        let from = array.find("listening").unwrap();
        for end in (from..array.len() - 1).step_by(7) {
            let (code, error) = Scene::new(&format!("{}\n", &array[..end])).assert(&NONE);
            assert_eq!(code, Some(2), "{}: {error}", &array[..end]);
        }
    }
}

/// Each of several texts in a line counts.
#[test]
fn each_text_of_a_line_is_read() {
    let other = r#"{"ts":"2026-01-01T00:00:04.500000000Z","event":"reload_skipped"}"#;
    let cell = |line: &str| format!("\"{}\"", line.replace('"', "\"\""));
    for line in [
        json!([other, REJECTED]).to_string(),
        format!(
            "labels={} msg={}",
            json!(r#"{"app":"api"}"#),
            json!(REJECTED)
        ),
        format!("17672,{},{}", cell(r#"{"app":"api"}"#), cell(REJECTED)),
        format!("17672,{},{}", cell(other), cell(REJECTED)),
    ] {
        let (code, error) = behind(&line);
        assert_eq!(code, Some(1), "{line}: {error}");
    }
    let twice = format!("msg={} original={}", json!(other), json!(other));
    let order = ["--order", "reload_skipped,reload_skipped,reload_skipped"];
    assert_eq!(
        Scene::new(&format!("{}{twice}\n", clean()))
            .assert(&order)
            .0,
        Some(1)
    );
}

/// An event whose fields are columns of a table.
#[test]
fn an_event_in_columns_is_not_nothing() {
    for line in [
        "2026-01-01T00:00:05Z,identity_rejected,2,torn",
        "2026-01-01T00:00:05Z\tidentity_rejected\ttorn",
        "| 2026-01-01T00:00:05Z | identity_rejected | torn |",
        "1767225605000;identity_rejected;torn",
        r#""Jan 1, 2026 @ 00:00:05.000","identity_rejected","torn""#,
        r#"["2026-01-01T00:00:05Z","identity_rejected","torn"]"#,
        "2026-01-01 00:00:05 UTC,identity_rejected,torn",
        "Thu Jan 1 00:00:05 2026,identity_rejected",
        "Wednesday 30 September 2026 00:00:05 CEST;identity_rejected",
        "01/Jan/2026:00:00:05 +0000|identity_rejected",
        "2026年1月1日 00:00:05,identity_rejected",
        "2026-01-01T00:00:05Z  identity_rejected  torn",
    ] {
        let (code, error) = before(line);
        assert_eq!(code, Some(2), "{line}: {error}");
        assert!(error.contains("in a form that is not read"), "{error}");
        let log = format!("{line}\n{}", clean());
        let other = Scene::new(&log).assert(&["--none", "key_exposed"]);
        assert_eq!(other.0, Some(0), "{line}: {}", other.1);
    }
    // A list of names is none.
    for words in [
        "watching identity_rejected,key_exposed",
        "2026-01-01 00:00:05 host: --none key_exposed,identity_rejected",
        "2026-01-01 00:00:05 Deploy of build 4711, identity_rejected is watched",
        "10.0.0.17:8443, identity_rejected and key_exposed are watched",
    ] {
        assert_eq!(before(words).0, Some(0), "{words}");
    }
}

/// A collector was stopped, or its disk was full, before the event of a line. Another program's empty line is whole.
#[test]
fn a_line_that_is_cut_before_its_event_may_be_any() {
    let words = [
        "2026-01-01T00:00:05.123456789Z stderr F ",
        "Jan 01 00:00:05 host api[123]: ",
        "[pod/api-0/server] ",
        "\"2026-01-01T00:00:05Z\" api ",
    ];
    for words in words {
        let log: String = clean()
            .lines()
            .map(|line| format!("{words}{line}\n"))
            .collect();
        let of = |last: &str| Scene::new(&format!("{log}{last}")).assert(&NONE);
        let cut = &words[..words.len() - 4];
        for last in [cut.to_owned() + "\n", cut.to_owned(), words.to_owned()] {
            let (code, error) = of(&last);
            assert_eq!(code, Some(2), "{last:?}: {error}");
            assert!(error.contains("run.jsonl:9 is cut"), "{error}");
        }
        for last in [
            "",
            "\n",
            &format!("{words}\n"),
            &format!("{words}ready\n"),
            "ready",
        ] {
            let (code, error) = of(last);
            assert_eq!(code, Some(0), "{last:?}: {error}");
        }
    }
}

/// Of two files, one is empty, or not there yet: nothing is known of who writes it.
#[test]
fn an_empty_file_proves_nothing_beside_another() {
    let scene = Scene::new(&clean());
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other.log");
    for is_there in [true, false] {
        match is_there {
            true => fs::write(&other, "").unwrap(),
            false => fs::remove_file(&other).unwrap(),
        }
        let other = other.to_str().unwrap();
        for (asked, expected) in [
            (NONE, 2),
            (["--loaded", "1003"], 2),
            (["--loaded", "1002"], 0),
        ] {
            let mut all = vec!["assert", "run.jsonl", other, asked[0], asked[1]];
            if !is_there {
                all.extend(["--wait", "0.2"]);
            }
            let (code, error) = said(&scene.command(&all).output().unwrap());
            assert_eq!(code, Some(expected), "{all:?}: {error}");
            let told = "other.log: this file is empty: it proves nothing";
            assert!(expected == 0 || error.contains(told), "{error}");
        }
    }
}

/// Who waits is not told that all holds while a line is being written that may say otherwise.
#[test]
fn a_line_without_its_end_is_waited_for() {
    let wait = |end: &str, asked: [&str; 2]| {
        let asked = [asked[0], asked[1], "--wait", "0.2"];
        Scene::new(&format!("{}{end}", clean())).assert(&asked)
    };
    for end in [
        &REJECTED[..60],
        REJECTED,
        r#"{"ts":"2026-01-01T00:00:05Z","ev"#,
    ] {
        for asked in [NONE, ["--loaded", "1003"]] {
            let (code, error) = wait(end, asked);
            assert_eq!(code, Some(2), "{end}: {error}");
            assert!(error.contains("run.jsonl:9 lacks its end"), "{error}");
        }
        // What is there is there.
        assert_eq!(wait(end, ["--loaded", "1002"]).0, Some(0), "{end}");
    }
    assert_eq!(wait("Password: ", NONE).0, Some(0));
}

/// A shell of Windows writes on in UTF-16, and another one appends what is compressed.
#[test]
fn what_is_no_text_behind_a_log_is_not_nothing() {
    let utf16: Vec<u8> = REJECTED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x02".to_vec();
    let zstd = b"\x28\xb5\x2f\xfd\x04\x58".to_vec();
    for bytes in [utf16, gzip, zstd] {
        let directory = lab::directory().unwrap();
        let log = [clean().as_bytes(), &bytes, b"\n"].concat();
        fs::write(directory.path().join("run.jsonl"), log).unwrap();
        let asked = ["assert", "run.jsonl", NONE[0], NONE[1]];
        let (code, error) = said(&zdr::log(directory.path(), &asked).output().unwrap());
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("in a form that is not read"), "{error}");
    }
}

/// What OpenTelemetry and Honeycomb make of a line.
#[test]
fn values_that_say_their_types_are_read() {
    // The line in base64.
    let bytes = "eyJ0cyI6IjIwMjYtMDEtMDFUMDA6MDA6MDVaIiwiZXZlbnQiOiJpZGVudGl0eV9yZWplY3RlZCIsImdlbmVyYXRpb24iOjIsInJlYXNvbiI6InRvcm4ifQ==";
    let pairs = json!([
        {"key": "ts", "value": {"stringValue": "2026-01-01T00:00:05Z"}},
        {"key": "event", "value": {"stringValue": "identity_rejected"}},
    ]);
    let pairs = json!({"kvlistValue": {"values": pairs}});
    for body in [
        json!({"bytesValue": bytes}),
        json!({"arrayValue": {"values": [{"stringValue": "x"}, {"stringValue": REJECTED}]}}),
        json!({"arrayValue": {"values": [{"bytesValue": bytes}]}}),
        json!({"arrayValue": {"values": [pairs]}}),
        json!({"kvlistValue": {"values": [{"key": "log", "value": {"bytesValue": bytes}}]}}),
    ] {
        let line = json!({"logRecords": [{"body": body}]}).to_string();
        let (code, error) = behind(&line);
        assert_eq!(code, Some(1), "{line}: {error}");
    }
    let honeycomb = |rate: u32| {
        let of = |line: &str| format!(r#"{{"time":"x","samplerate":{rate},"data":{line}}}"#);
        let log: String = clean()
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| of(line) + "\n")
            .collect();
        Scene::new(&log).assert(&NONE)
    };
    assert_eq!(honeycomb(1).0, Some(0));
    let (code, error) = honeycomb(10);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("lines were sampled"), "{error}");
}
