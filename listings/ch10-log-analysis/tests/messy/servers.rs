//! Whose event it is: several servers in one file, and one that was started again.

use std::io::Cursor;
use std::time::Duration;

use ch10_log_analysis::assertion::{Assertions, Verdict, What};
use ch10_log_analysis::read::Lines;
use serde_json::json;

use super::{NOW, answers, at, closed, loaded, log, opened, said, state};

#[test]
fn a_log_that_begins_in_the_middle() {
    let text = log([
        closed(1, 7),
        opened(2, 8, 4),
        at(
            3,
            r#""event":"identity_rejected","generation":4,"reason":"expired","file":"f","detail":"d""#,
        ),
    ]);
    let found = said(&text);
    assert!(
        found.starts_with("served now: no load is in this log\n"),
        "{found}"
    );
    assert!(
        found.contains("NOT mended: generation 4 goes on"),
        "{found}"
    );
    // What it said before its first load is its own.
    let found = answers(&(text + &loaded(5, 5, "e") + "\n"));
    assert_eq!(found["servers"].as_array().unwrap().len(), 1);
    assert_eq!(
        found["servers"][0]["reloads"]["last_refused"]["mended_by"],
        5
    );
    let found = said("");
    assert!(
        found.starts_with("served now: nothing in this log says so\n"),
        "{found}"
    );
    assert!(
        found.contains("from file to load: nothing in this log says"),
        "{found}"
    );
}

#[test]
fn two_servers_of_a_supervisor() {
    let of = |process: u32, line: String| line.replace('}', &format!(r#","process":{process}}}"#));
    let text = log([
        of(1, loaded(0, 1, "a")),
        of(2, loaded(1, 1, "x")),
        of(1, opened(2, 1, 1)),
        of(2, opened(2, 1, 1)),
        of(1, loaded(3, 2, "b")),
        of(2, closed(4, 1)),
    ]);
    let found = answers(&text);
    let serving: Vec<_> = found["servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| {
            (
                &server["process"],
                &server["serving"]["serial"],
                &server["connections"]["open"],
            )
        })
        .collect();
    assert_eq!(
        serving,
        [
            (&json!(1), &json!("b"), &json!(1)),
            (&json!(2), &json!("x"), &json!(0))
        ]
    );

    let gone = text + &of(2, at(5, r#""event":"process_exited""#)) + "\n";
    let found = answers(&gone);
    assert_eq!(found["servers"].as_array().unwrap().len(), 1);
    assert_eq!(found["servers_gone"], 1);
    assert!(said(&gone).contains("\nservers that are gone: 1\n"));
}

/// Without a `process` nobody can tell whose connection it is, and the answer says so.
#[test]
fn two_servers_that_do_not_say_which_they_are() {
    let listening = |port: u64| at(1, &format!(r#""event":"listening","port":{port}"#));
    let text = log([
        loaded(0, 1, "a"),
        listening(443),
        loaded(2, 1, "x"),
        listening(444),
        loaded(3, 2, "b"),
    ]);
    let found = said(&text);
    assert!(
        found.contains("whose load or connection it is, is a guess"),
        "{found}"
    );
    assert!(
        found.contains("server on port 443\nserved now: generation 1, serial a"),
        "{found}"
    );
    assert!(
        found.contains("server on port 444\nserved now: generation 2, serial b"),
        "{found}"
    );
}

/// A restart on the same port: the connections of the one before are no longer open.
#[test]
fn a_restart_in_the_same_file() {
    let listening = |second| at(second, r#""event":"listening","port":443"#);
    let text = log([
        loaded(0, 1, "a"),
        listening(0),
        opened(1, 1, 1),
        loaded(2, 1, "b"),
        listening(2),
        opened(3, 1, 1),
    ]);
    let found = answers(&text);
    assert_eq!(found["servers_gone"], 1);
    assert_eq!(found["servers"][0]["serving"]["serial"], "b");
    assert_eq!(found["servers"][0]["connections"]["opened"], 1);
}

/// Where two servers are in a log, the one whose certificate ends first decides.
#[test]
fn of_two_servers_the_first_to_end_must_be_valid_for_long_enough() {
    let of = |process: u8, until: u8| {
        let rest = format!(
            r#""event":"identity_loaded","process":{process},"generation":1,"serial":"{until}","not_after":"2026-01-01T{until:02}:00:00Z""#
        );
        at(0, &rest)
    };
    for (one, other) in [(1, 2), (2, 1)] {
        let text = log([of(1, one), of(2, other)]);
        let verdict = |seconds| {
            let wanted = What::ValidFor(Duration::from_secs(seconds));
            let mut assertions = Assertions::new([wanted]);
            let mut lines = Lines::new(Cursor::new(&text), 0);
            while let Some(line) = lines.whole().unwrap() {
                assertions.line(&line, &|_| String::new());
            }
            assertions.verdict(&state(&text), NOW)
        };
        // From ten past midnight until one.
        assert_eq!(verdict(3000), Verdict::Holds);
        let Verdict::NotYet(said) = verdict(3001) else {
            panic!("the one that lasts longer decides");
        };
        let first = "generation 1 (1) is valid for 3000 s from now, and 3001 s are wanted";
        assert!(said.starts_with(first), "{said}");
    }
}

/// An agent may write into the log before any server does. It serves nothing.
#[test]
fn an_agent_is_no_server() {
    let failed = at(
        1,
        r#""event":"renewal_failed","attempt":1,"retry_ms":9,"why":"no authority""#,
    );
    let text = log([failed]);
    assert_eq!(answers(&text)["servers"], json!([]));
    let found = said(&text);
    assert!(found.starts_with("served now: nothing"), "{found}");
}
