//! Lines of more than 16 KiB, as the runtimes of containers cut them.

use ch10_log_analysis::read::Lines;
use serde_json::json;

use super::{answers, at, loaded, said};

/// A part, in a stream; whether it is the last one.
type Cut = fn(&str, &str, bool) -> String;

const RUNTIMES: [(&str, Cut); 2] = [
    ("CRI", |stream, part, last| {
        let tag = if last { "F" } else { "P" };
        format!("2026-01-01T00:00:04.5Z {stream} {tag} {part}\n")
    }),
    ("Docker", |stream, part, last| {
        let end = if last { "\n" } else { "" };
        let log = format!("{part}{end}");
        format!(
            "{}\n",
            json!({"log": log, "stream": stream, "time": "2026-01-01T00:00:04.5Z"})
        )
    }),
];

const PART: usize = 16 * 1024;

/// A rejection of over 40 KiB, in parts.
fn long() -> Vec<String> {
    let detail = "d".repeat(40 * 1024);
    let rest = format!(
        r#""event":"identity_rejected","generation":1,"reason":"truncated","file":"f","detail":"{detail}""#
    );
    let line = at(4, &rest);
    let parts = line.as_bytes().chunks(PART);
    parts
        .map(|part| String::from_utf8(part.to_vec()).unwrap())
        .collect()
}

/// What is read of a log, and how many lines of it are broken.
fn read(log: &str) -> (Vec<(u64, String)>, u64) {
    let mut lines = Lines::new(log.as_bytes(), 0);
    let mut events = Vec::new();
    let mut broken = 0;
    while let Some(line) = lines.whole().unwrap().or_else(|| lines.last()) {
        broken += u64::from(line.broken.is_some());
        events.extend(
            line.event
                .map(|event| (line.number, event.name().to_owned())),
        );
    }
    (events, broken)
}

fn named<const N: usize>(events: [(u64, &str); N]) -> Vec<(u64, String)> {
    events.map(|(line, name)| (line, name.to_owned())).into()
}

#[test]
fn a_line_that_was_cut_into_parts_is_one() {
    for (runtime, cut) in RUNTIMES {
        let parts = long();
        let [one, two, three] = &parts[..] else {
            panic!("three parts");
        };
        let log = [
            cut("stderr", &loaded(1, 1, "a"), true),
            cut("stderr", one, false),
            cut("stderr", two, false),
            // The other stream is another line, and has parts of its own.
            cut("stdout", "GET /", true),
            cut("stdout", &"x".repeat(PART), false),
            cut("stderr", three, true),
            cut("stdout", "x", true),
            cut("stderr", &loaded(5, 2, "b"), true),
        ];
        let expected = [
            (1, "identity_loaded"),
            (2, "identity_rejected"),
            (8, "identity_loaded"),
        ];
        let (events, broken) = read(&log.concat());
        assert_eq!(events, named(expected), "{runtime}");
        // What the other stream holds is no event.
        let others = if runtime == "CRI" { 2 } else { 3 };
        assert_eq!(broken, others, "{runtime}");
        let found = answers(&log.concat());
        let reloads = &found["servers"][0]["reloads"];
        assert_eq!(reloads["refused"], json!({"truncated": 1}), "{runtime}");
    }
}

/// A part without its last one: the container ended, or the log was rotated. What comes then is read all the same.
#[test]
fn a_part_that_is_missing_takes_nothing_with_it() {
    for (runtime, cut) in RUNTIMES {
        let parts = long();
        let [one, two, three] = &parts[..] else {
            panic!("three parts");
        };
        let end = cut("stderr", &loaded(1, 1, "a"), true) + &cut("stderr", one, false);
        assert_eq!(
            read(&end),
            (named([(1, "identity_loaded")]), 1),
            "{runtime}: at the end"
        );
        assert!(said(&end).contains("the first is line 2: cut"), "{runtime}");
        let next = end + &cut("stderr", &loaded(5, 2, "b"), true);
        let both = named([(1, "identity_loaded"), (2, "identity_loaded")]);
        assert_eq!(read(&next), (both, 1), "{runtime}: at its beginning");
        let begun = cut("stderr", two, false) + &cut("stderr", three, true);
        let begun = begun + &cut("stderr", &loaded(5, 2, "b"), true);
        let third = named([(3, "identity_loaded")]);
        assert_eq!(read(&begun).0, third, "{runtime}: before the log");
    }
}

/// The last part may hold nothing but the line break: the line is as long as the parts.
#[test]
fn a_last_part_of_nothing() {
    for (runtime, cut) in RUNTIMES {
        let room = PART - at(4, r#""event":"listening","port":1,"x":"""#).len();
        let line = at(
            4,
            &format!(r#""event":"listening","port":1,"x":"{}""#, "x".repeat(room)),
        );
        assert_eq!(line.len(), PART);
        let log = cut("stderr", &line, false) + &cut("stderr", "", true);
        assert_eq!(read(&log).0, named([(1, "listening")]), "{runtime}");
    }
}

/// Fluent Bit and others write lines as Docker does, without the line break: each is whole.
#[test]
fn lines_without_a_line_break_are_no_parts() {
    let whole = |line: &str| {
        format!(
            "{}\n",
            json!({"log": line, "stream": "stderr", "time": "2026-01-01T00:00:04.5Z"})
        )
    };
    let log = [
        whole(&loaded(1, 1, "a")),
        whole(&long().concat()),
        whole("{\"no event"),
        whole(&loaded(5, 2, "b")),
    ];
    let expected = [
        (1, "identity_loaded"),
        (2, "identity_rejected"),
        (4, "identity_loaded"),
    ];
    assert_eq!(read(&log.concat()).0, named(expected));
}

/// No line is longer than what is kept, in however many parts it comes.
#[test]
fn parts_without_end_are_not_kept() {
    for (runtime, cut) in RUNTIMES {
        let part = cut("stderr", &format!("{{\"{}", "x".repeat(PART)), false);
        let log = part.repeat(80) + &cut("stderr", "x", true);
        let log = log + &cut("stderr", &loaded(5, 2, "b"), true);
        assert_eq!(
            read(&log),
            (named([(82, "identity_loaded")]), 1),
            "{runtime}"
        );
        assert!(
            said(&log).contains("the first is line 1: too long"),
            "{runtime}"
        );
    }
}
