//! Which of several claims is reported, where its mark stands, and which rotation a bound in time is asked of.

use crate::assert::{RUN, Scene};

const STARTED: &str = r#"{"ts":"2026-01-01T00:00:05Z","event":"rotation_started","serial":"1003","strategy":"bundle"}"#;
const SEEN: &str = r#"{"ts":"2026-01-01T00:00:06Z","event":"handshake_seen","serial":"1002","resumed":false,"tls":"1.3"}"#;
const LOADED: &str = r#"{"ts":"2026-01-01T00:00:06Z","event":"identity_loaded","generation":3,"serial":"1004","not_after":"2036-01-01T00:00:00Z"}"#;

/// The line above the mark, and the mark.
fn mark(said: &str) -> (&str, &str) {
    let lines: Vec<_> = said.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("----> "));
    let at = at.expect("there is a mark");
    (lines[at - 1], lines[at])
}

#[test]
fn of_two_that_do_not_hold_the_first_is_told() {
    let (code, said) = Scene::new(RUN).assert(&["--loaded", "1003", "--loaded", "1004"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("1003") && !said.contains("1004"), "{said}");
}

/// What was late is shown where it was loaded, whatever happened afterwards.
#[test]
fn a_late_rotation_is_shown_where_it_was_loaded() {
    let log = format!("{RUN}{STARTED}\n{SEEN}\n");
    let (code, said) = Scene::new(&log).assert(&["--within", "200"]);
    assert_eq!(code, Some(1), "{said}");
    let (above, mark) = mark(&said);
    assert!(above.contains("identity_loaded"), "{said}");
    assert_eq!(mark, "----> here");
}

/// A load of another certificate does not end a rotation, nor does a handshake.
#[test]
fn a_rotation_is_ended_by_its_own_certificate() {
    for after in [SEEN, LOADED] {
        let log = format!("{RUN}{STARTED}\n{after}\n");
        let (code, said) = Scene::new(&log).assert(&["--within", "5000"]);
        assert_eq!(code, Some(1), "{said}");
        let started = "the rotation to 1003 was started, and not loaded";
        assert!(said.contains(started), "{said}");
        let (above, mark) = mark(&said);
        assert!(above.contains("rotation_started"), "{said}");
        assert_eq!(mark, "----> missing from here on");
    }
}
