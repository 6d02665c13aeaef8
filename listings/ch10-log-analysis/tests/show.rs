//! A log is shown as a person reads it, whatever stands in it.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use lab::BOUND;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::zdr::log;

const GOLDEN: &str = include_str!("../../events/tests/golden.events.jsonl");
const READ: &str = include_str!("../../events/tests/golden.txt");

fn shown(bytes: &[u8], arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("run.jsonl"), bytes).unwrap();
    let mut command = log(directory.path(), &[&["show"], arguments].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A reader that was given a file does not listen.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What only looks like an event has the reason before it.
fn expected() -> String {
    READ.replace("{\"event\":7}", "[cut, or no JSON] {\"event\":7}")
}

#[test]
fn a_file_and_the_standard_input_are_shown_alike() {
    for arguments in [&["run.jsonl"][..], &["-"], &[]] {
        assert_eq!(
            shown(GOLDEN.as_bytes(), arguments),
            expected(),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_damaged_log_is_shown_with_what_is_wrong_in_it() {
    let whole = r#"{"ts":"2026-11-24T10:00:00.000000000Z","event":"listening","port":1}"#;
    let cut = format!("{{\"ts\":\"2026-11-24T{whole}\n\u{1b}[31mother\n\u{0}\n{{\"ts\":");
    let mut bytes = b"\xff\xfe\n".to_vec();
    bytes.extend(cut.as_bytes());
    let line = "      +0 ms  server      listening          port 1";
    assert_eq!(
        shown(&bytes, &["run.jsonl"]).lines().collect::<Vec<_>>(),
        [
            "\u{fffd}\u{fffd}",
            &format!("[cut, or no JSON] {{\"ts\":\"2026-11-24T{whole}"),
            line,
            "\\u{1b}[31mother",
            "\\u{0}",
            "[cut, or no JSON] {\"ts\":",
        ]
    );
}

#[tokio::test]
async fn a_log_is_shown_as_it_grows_and_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.jsonl");
    let mut command = Command::from(log(directory.path(), &["show", "--follow", "run.jsonl"]));
    let mut child = command
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || {
        let next = tokio::time::timeout(BOUND, lines.next_line()).await;
        next.expect("a line is shown in time").unwrap().unwrap()
    };
    let event = |second: u32, name: &str| {
        format!("{{\"ts\":\"2026-11-24T10:00:0{second}Z\",\"event\":\"{name}\"}}\n")
    };
    // It is not there yet.
    fs::write(&path, event(0, "listening")).unwrap();
    assert_eq!(next().await, "      +0 ms  server      listening");
    // Renamed and made anew, with what repeats.
    fs::rename(&path, directory.path().join("run.jsonl.1")).unwrap();
    let anew = event(1, "connect_refused") + &event(2, "connect_refused");
    fs::write(&path, anew).unwrap();
    assert_eq!(next().await, "       +1 s  client      connect_refused");
    assert_eq!(next().await, "             and 1 more like it");
    // Truncated.
    fs::write(&path, event(3, "listening")).unwrap();
    assert_eq!(next().await, "       +3 s  server      listening");
    child.kill().await.unwrap();
}
