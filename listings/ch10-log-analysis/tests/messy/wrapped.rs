//! The same log as collectors of logs store it.

use ch10_log_analysis::wrapped::event_in;
use lab::event::Event;
use serde_json::json;

use super::{answers, at, loaded, opened};

/// What a collector makes of a line.
type Wrap = fn(&str) -> String;

const COLLECTORS: [(&str, Wrap); 14] = [
    ("nobody", str::to_owned),
    ("Windows", |line| format!("{line}\r")),
    ("a byte order mark", |line| format!("\u{feff}{line}")),
    ("CRI", |line| {
        format!("2026-01-01T00:00:01.5Z stderr F {line}")
    }),
    ("journald", |line| {
        format!("Jan 01 00:00:01 host api[123]: {line}")
    }),
    ("kubectl --prefix", |line| {
        format!("[pod/api-0/server] {line}")
    }),
    ("Docker", |line| {
        json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-01-01T00:00:01Z"})
            .to_string()
    }),
    ("journalctl -o json", |line| {
        json!({"__CURSOR": "s=1", "MESSAGE": line, "_PID": "123"}).to_string()
    }),
    ("journalctl -o json, with a control character", |line| {
        json!({"__CURSOR": "s=1", "MESSAGE": line.as_bytes()}).to_string()
    }),
    ("jq without -r", |line| json!(line).to_string()),
    ("Google Cloud", |line| {
        let event = Event::parse(line).unwrap();
        json!({"insertId": "a", "jsonPayload": event.0, "severity": "INFO"}).to_string()
    }),
    ("Fluent Bit of CRI", |line| {
        json!({"log": format!("2026-01-01T00:00:01Z stderr F {line}")}).to_string()
    }),
    ("an array", |line| format!("{line},")),
    ("an array of one", |line| format!("[{line}]")),
];

#[test]
fn the_log_is_read_however_it_was_collected() {
    let lines = [loaded(0, 1, "a"), loaded(5, 2, "b"), opened(6, 1, 2)];
    let plain = answers(&lines.concat().replace("}{", "}\n{"));
    for (collector, wrap) in COLLECTORS {
        let log = lines
            .iter()
            .map(|line| wrap(line) + "\n")
            .collect::<String>();
        let found = answers(&log);
        assert_eq!(found, plain, "{collector}");
        assert_eq!(found["log"]["broken_lines"], 0, "{collector}");
        assert_eq!(found["servers"][0]["serving"]["serial"], "b", "{collector}");
    }
}

/// What is cut, and what only speaks of an event, is none.
#[test]
fn what_is_no_whole_event_is_none() {
    let whole = loaded(0, 1, "a");
    let deep = (0..4).fold(whole.clone(), |line, _| json!({"log": line}).to_string());
    let twice = format!("{}{whole}", &at(1, r#""event":"identity_loaded","#)[..30]);
    for line in [
        "",
        "[",
        "]",
        "null",
        "2026-01-01T00:00:01Z stderr P",
        r#"{"log":1,"message":null,"fields":[]}"#,
        r#"{"log":"a line of another program"}"#,
        r#"{"message":{"event":5}}"#,
        &whole[..40],
        &twice,
        &deep,
    ] {
        assert_eq!(event_in(line), None, "{line}");
    }
}
