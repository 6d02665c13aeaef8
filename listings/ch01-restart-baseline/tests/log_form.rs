//! `--log`: a program reads JSON, and a person reads columns, of the same events.

use std::process::Stdio;

use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::event::Event;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The first line of a server's log. Its stderr is no terminal.
async fn first_line(more: &[&str]) -> String {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let mut server = Command::new(env!("CARGO_BIN_EXE_ch01-restart-baseline"))
        .arg("serve")
        .arg("--certificate")
        .arg(files.certificate)
        .arg("--key")
        .arg(files.key)
        .args(more)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let reading = tokio::time::timeout(BOUND, log.read_line(&mut line));
    reading.await.expect("waited for the first line").unwrap();
    line
}

#[tokio::test]
async fn a_program_reads_json() {
    for form in [&[] as &[&str], &["--log", "json"], &["--log=auto"]] {
        let line = first_line(form).await;
        let event = Event::parse(&line).unwrap_or_else(|| panic!("{form:?}: {line}"));
        assert_eq!(event.name(), "identity_loaded");
    }
}

#[tokio::test]
async fn a_person_reads_columns() {
    let line = first_line(&["--log", "text"]).await;
    let begins = "      +0 ms  server      identity_loaded    generation 1  serial 1001  ";
    assert!(line.starts_with(begins), "{line}");
    // Without a terminal there are no colours.
    assert!(!line.contains('\u{1b}'), "{line:?}");
}

#[tokio::test]
async fn another_form_is_refused() {
    let line = first_line(&["--log", "xml"]).await;
    assert!(line.contains("expected `auto`, `json` or `text`"), "{line}");
}
