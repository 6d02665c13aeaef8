//! A log that says that lines of it are lost.

use crate::assert::{RUN, Scene};

/// The server has said that lines are missing. What they were cannot be told, and what is there is there.
#[test]
fn lost_lines_may_hold_the_event_that_must_not_occur() {
    let lost = r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"lines_lost","lines":7}"#;
    let log = format!("{RUN}{lost}\n");
    let (code, error) = Scene::new(&log).assert(&["--none", "identity_expiring"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("7 lines are missing here"), "{error}");
    let (code, error) = Scene::new(&log).assert(&["--none", "identity_rejected"]);
    assert_eq!(code, Some(1), "{error}");
    assert_eq!(
        Scene::new(&log).assert(&["--loaded", "1001"]).0,
        Some(0),
        "what is there holds"
    );
}

/// What is not there may be in the lines that are lost, and so may be what would refute a claim on all of them.
#[test]
fn lost_lines_may_hold_what_is_missing() {
    let lost = r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"lines_lost","lines":7}"#;
    let log = format!("{RUN}{lost}\n");
    for arguments in [
        &["--loaded", "1003"] as &[&str],
        &["--generation-at-least", "3"],
        &["--order", "connection_opened,connection_closed"],
        &["--within", "300"],
        &["--valid-for", "60"],
    ] {
        let (code, error) = Scene::new(&log).assert(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(
            error.contains("run.jsonl:9: 7 lines are missing here"),
            "{error}"
        );
    }
    // A rotation that took too long did so, and what was loaded afterwards says until when.
    assert_eq!(Scene::new(&log).assert(&["--within", "200"]).0, Some(1));
    let loaded = r#"{"ts":"2026-01-01T00:00:06.000000000Z","event":"identity_loaded","generation":3,"serial":"1003","not_after":"2036-01-01T00:00:00Z"}"#;
    let log = format!("{log}{loaded}\n");
    assert_eq!(Scene::new(&log).assert(&["--valid-for", "60"]).0, Some(0));
}

/// Who follows a log is told of them as they come.
#[test]
fn lost_lines_are_told_of_as_they_come() {
    let lost = r#"{"ts":"2026-01-01T00:00:05Z","event":"lines_lost","lines":7}"#;
    let scene = Scene::new(&format!("{RUN}{lost}\n"));
    let follow = ["run.jsonl", "--follow", "--until", "lines_lost"];
    let output = scene.command(&follow).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = "2026-01-01T00:00:05Z 7 lines of the log are lost here";
    assert!(said.lines().any(|said| said == line), "{said}");
}
