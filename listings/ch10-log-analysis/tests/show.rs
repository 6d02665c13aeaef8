//! `zdr log show`: a log as a person reads it.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use lab::BOUND;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

const GOLDEN: &str = include_str!("../../events/tests/golden.events.jsonl");
const TEXT: &str = include_str!("../../events/tests/golden.txt");

fn show() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch10-log-analysis"));
    command
        .args(["log", "show"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Lines of a file, of the standard input, and of what is no log at all.
#[tokio::test]
async fn a_log_in_columns() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    fs::write(&path, GOLDEN).unwrap();
    let output = show().arg(&path).output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), TEXT);

    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(GOLDEN.as_bytes()).unwrap();
    drop(writer);
    let output = show().arg("-").stdin(reader).output().await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), TEXT);

    let gone = directory.path().join("gone.jsonl");
    let output = show().arg(&gone).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("gone.jsonl"), "{said}");
}

/// What is appended is shown, through a rotation of the file, until Ctrl-C.
#[tokio::test]
async fn a_log_that_grows() {
    let event = |n: u64| {
        format!(
            "{{\"ts\":\"2026-01-01T00:00:{n:02}Z\",\"event\":\"identity_loaded\",\"generation\":{n}}}\n"
        )
    };
    let directory = lab::directory().unwrap();
    let path = directory.path().join("events.jsonl");
    fs::write(&path, event(1)).unwrap();
    let mut child = show().arg("--follow").arg(&path).spawn().unwrap();
    let mut shown = BufReader::new(child.stdout.take().unwrap());
    let mut line = async || {
        let mut line = String::new();
        let reading = tokio::time::timeout(BOUND, shown.read_line(&mut line));
        reading.await.expect("waited for a line").unwrap();
        line
    };
    assert!(line().await.ends_with("generation 1\n"));
    fs::rename(&path, directory.path().join("events.jsonl.1")).unwrap();
    fs::write(&path, event(2)).unwrap();
    let second = line().await;
    assert!(
        second.starts_with("       +1 s  server") && second.ends_with("generation 2\n"),
        "{second}"
    );

    // Of a line that comes again, the count is shown at once, and not with the next line that differs.
    let mut growing = fs::OpenOptions::new().append(true).open(&path).unwrap();
    growing.write_all(event(2).as_bytes()).unwrap();
    let again = line().await;
    assert_eq!(again.trim(), "and 1 more like it");

    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    let reading = tokio::time::timeout(BOUND, shown.read_to_string(&mut rest));
    reading.await.expect("waited for its end").unwrap();
    assert_eq!(rest, "");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
