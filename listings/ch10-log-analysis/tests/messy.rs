//! Real logs: cut lines, two servers in one file, clocks that are set back, no beginning.

use std::io::{BufReader, Cursor};

use ch10_log_analysis::answers::Answers;
use ch10_log_analysis::read::{LONGEST, Lines, Merged};
use ch10_log_analysis::story::Story;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-01-01 00:10:00 UTC);

fn story(log: &str) -> Story {
    let mut story = Story::default();
    let mut lines = Lines::new(Cursor::new(log), 0);
    while let Some(line) = lines.whole().unwrap() {
        story.line(&line);
    }
    lines.last().iter().for_each(|line| story.line(line));
    story
}

fn answers(log: &str) -> Value {
    serde_json::to_value(Answers::of(&story(log), NOW)).unwrap()
}

fn said(log: &str) -> String {
    Answers::of(&story(log), NOW).to_string()
}

/// An event at so many seconds after the new year.
fn at(second: u32, rest: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(r#"{{"ts":"2026-01-01T00:{minute:02}:{second:02}.000000000Z",{rest}}}"#)
}

fn loaded(second: u32, generation: u64, serial: &str) -> String {
    at(
        second,
        &format!(
            r#""event":"identity_loaded","generation":{generation},"serial":"{serial}","not_after":"2026-01-01T01:00:00Z""#
        ),
    )
}

fn opened(second: u32, connection: u64, generation: u64) -> String {
    let rest = format!(
        r#""event":"connection_opened","connection":{connection},"generation":{generation},"resumed":false,"tls":"1.3""#
    );
    at(second, &rest)
}

fn closed(second: u32, connection: u64) -> String {
    at(
        second,
        &format!(r#""event":"connection_closed","connection":{connection}"#),
    )
}

fn log<const N: usize>(lines: [String; N]) -> String {
    lines.map(|line| line + "\n").concat()
}

#[test]
fn what_a_person_on_call_asks() {
    let refused = r#""event":"identity_rejected","generation":2,"reason":"truncated","file":"/x/tls.crt","detail":"no such block""#;
    let text = log([
        at(
            0,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        ),
        loaded(1, 1, "a"),
        at(1, r#""event":"listening","port":443"#),
        opened(2, 1, 1),
        loaded(60, 2, "b"),
        opened(61, 2, 2),
        closed(62, 2),
        at(120, refused),
        at(
            130,
            r#""event":"identity_expiring","generation":2,"level":"late","seconds_left":1100"#,
        ),
        at(
            140,
            r#""event":"watcher_died","why":"a panic","restart_ms":10"#,
        ),
    ]);
    let expected = [
        "served now: generation 2, serial b",
        "  since 2026-01-01T00:01:00Z (9 min 0 s ago)",
        "  until 2026-01-01T01:00:00Z (in 50 min 0 s)",
        "  by its own word: no client says so in this log",
        "reloads: 2 loaded, 1 refused (truncated 1)",
        "  the last one: truncated in /x/tls.crt, at 2026-01-01T00:02:00Z (8 min 0 s ago), NOT mended: generation 2 goes on",
        "    no such block",
        "connections: 2 opened, 1 of them open, 1 under an old generation",
        "  connection 1 under generation 1, since 2026-01-01T00:00:02Z (9 min 58 s ago)",
        "alarm: identity_expiring: late, since 2026-01-01T00:02:10Z (7 min 50 s ago)",
        "alarm: watcher_died: a panic, since 2026-01-01T00:02:20Z (7 min 40 s ago)",
        "from file to load: once, 1.00 s",
        "from load to wire: 2 times, median 1.00 s, longest 1.00 s",
        "from file to wire: once, 2.00 s",
        "log: 10 events, 0 broken lines",
    ];
    let found = said(&text);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{found}");

    let mended = log([
        text.trim_end().to_owned(),
        loaded(150, 3, "c"),
        at(
            150,
            r#""event":"alarm_cleared","generation":3,"level":"fresh","seconds_left":2000"#,
        ),
        at(151, r#""event":"watcher_restarted","restarts":1"#),
        at(
            152,
            r#""event":"handshake_seen","serial":"c","resumed":false,"tls":"1.3""#,
        ),
    ]);
    let found = said(&mended);
    assert!(found.contains("mended by generation 3"), "{found}");
    assert!(found.contains("alarms: none is raised"), "{found}");
    assert!(!found.contains("by its own word"), "{found}");
}

/// What the agent wrote and nobody took is told until it is taken, or replaced.
#[test]
fn a_rotation_that_does_not_arrive() {
    let began = |second, serial: &str| {
        let rest = format!(r#""event":"rotation_started","serial":"{serial}","strategy":"bundle""#);
        at(second, &rest)
    };
    let text = log([began(0, "a"), loaded(1, 1, "a"), began(60, "b")]);
    let found = said(&text);
    let line = "not loaded: serial b, which the agent began to write at 2026-01-01T00:01:00Z (9 min 0 s ago)";
    assert!(found.lines().any(|said| said == line), "{found}");
    let found = answers(&(text.clone() + &began(70, "c") + "\n"));
    assert_eq!(found["not_loaded"]["serial"], "c");
    let found = answers(&(text + &log([began(70, "c"), loaded(71, 2, "c")])));
    assert_eq!(found["not_loaded"], Value::Null);
}

#[test]
fn an_expired_one_is_told_in_capitals() {
    let found = Answers::of(
        &story(&log([loaded(0, 1, "a")])),
        datetime!(2026-01-01 01:00:30 UTC),
    );
    assert!(found.to_string().contains("(EXPIRED 30 s ago)"), "{found}");
}

/// A line of a writer that died, and the first of the one that came after it.
#[test]
fn a_line_that_is_cut_is_counted_and_the_next_is_read() {
    let whole = loaded(5, 2, "b");
    let cut = &loaded(4, 2, "b")[..40];
    let text = format!("{}\nnot an event\n{cut}{whole}\n{cut}", loaded(0, 1, "a"));
    let found = answers(&text);
    assert_eq!(found["servers"][0]["serving"]["serial"], "b");
    assert_eq!(
        found["log"],
        json!({"events": 2, "broken_lines": 3, "clock_set_back": 0, "unmeasured": 0})
    );
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end() {
    let mut bytes = b"\xff\xfe{\"event\":\n".to_vec();
    bytes.extend(vec![b'x'; LONGEST * 3]);
    bytes.push(b'\n');
    bytes.extend(loaded(0, 1, "a").into_bytes());
    let mut lines = Lines::new(BufReader::new(Cursor::new(bytes)), 0);
    let mut all = Vec::new();
    while let Some(line) = lines.whole().unwrap() {
        all.push(line);
    }
    all.extend(lines.last());
    let broken: Vec<_> = all.iter().map(|line| line.broken).collect();
    assert_eq!(broken, [Some("no event"), Some("too long"), None]);
    assert_eq!(all[1].text, "", "it is not kept");
    assert_eq!(all[2].number, 3);
}

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

/// What is raised is told until it is cleared, each by the event that clears it.
#[test]
fn alarms_and_what_clears_them() {
    let raised = [
        at(
            1,
            r#""event":"identity_expiring","generation":1,"level":"urgent","seconds_left":9"#,
        ),
        at(
            2,
            r#""event":"watch_degraded","to":"polling","why":"no inotify""#,
        ),
        at(
            3,
            r#""event":"identity_held","generation":1,"file":"f","seconds":60"#,
        ),
        at(4, r#""event":"listen_failed","port":443,"why":"in use""#),
        at(5, r#""event":"watcher_died","why":"w","restart_ms":1"#),
        at(6, r#""event":"key_exposed","file":"k","mode":"0644""#),
    ];
    let names = |text: &str| -> Vec<String> {
        let found = answers(text);
        let alarms = found["servers"][0]["alarms"].as_object().unwrap();
        alarms.keys().cloned().collect()
    };
    let text = loaded(0, 1, "a") + "\n" + &log(raised);
    let all = [
        "identity_expiring",
        "identity_held",
        "key_exposed",
        "listen_failed",
        "watch_degraded",
        "watcher_died",
    ];
    assert_eq!(names(&text), all);
    let text = text
        + &log([
            at(
                7,
                r#""event":"alarm_cleared","generation":1,"level":"late","seconds_left":20"#,
            ),
            at(8, r#""event":"listening","port":443"#),
            at(9, r#""event":"watcher_restarted","restarts":1"#),
            loaded(10, 2, "b"),
        ]);
    assert_eq!(
        names(&text),
        ["identity_expiring", "key_exposed", "watch_degraded"]
    );
    let says = &answers(&text)["servers"][0]["alarms"]["identity_expiring"];
    assert_eq!(
        (&says["says"], &says["since"]),
        (&json!("late"), &json!("2026-01-01T00:00:07Z"))
    );
    let fresh = at(
        11,
        r#""event":"alarm_cleared","generation":2,"level":"fresh","seconds_left":99"#,
    );
    assert_eq!(names(&(text + &fresh)), ["key_exposed", "watch_degraded"]);
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

#[test]
fn a_clock_that_is_set_back_measures_nothing() {
    let text = log([
        at(
            100,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        ),
        loaded(40, 1, "a"),
    ]);
    let found = answers(&text);
    assert_eq!(found["log"]["clock_set_back"], 1);
    assert_eq!(found["log"]["unmeasured"], 1);
    assert_eq!(found["file_to_load"]["count"], 0);
}

/// The swap comes before the line: a connection's line may be the first to tell of a generation.
#[test]
fn a_connection_ahead_of_its_generation() {
    let text = log([
        loaded(0, 1, "a"),
        opened(1, 1, 1),
        opened(2, 2, 2),
        loaded(2, 2, "b"),
    ]);
    let found = answers(&text);
    assert_eq!(found["load_to_wire"]["count"], 2);
    assert_eq!(
        found["servers"][0]["connections"]["old"][0]["connection"],
        1
    );
    assert_eq!(
        found["servers"][0]["connections"]["old"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// The lines of connections are concurrent: one of the generation before may come after the swap.
#[test]
fn a_connection_behind_its_generation() {
    let text = log([
        loaded(0, 1, "a"),
        loaded(2, 2, "b"),
        opened(2, 1, 1),
        opened(3, 2, 2),
    ]);
    let found = answers(&text);
    assert_eq!(found["load_to_wire"]["count"], 2);
    assert_eq!(found["replaced_unseen"], 0);
}

#[test]
fn a_resumed_connection_confirms_nothing() {
    let resumed = at(
        3,
        r#""event":"connection_opened","connection":1,"generation":null,"resumed":true,"tls":"1.3""#,
    );
    let found = answers(&log([loaded(0, 1, "a"), resumed, loaded(4, 2, "b")]));
    assert_eq!(found["load_to_wire"]["count"], 0);
    assert_eq!(found["replaced_unseen"], 1);
    assert_eq!(found["servers"][0]["connections"]["open_unknown"], 1);
}

/// The agent's log and the server's, each in its own order, as one.
#[test]
fn files_are_merged_by_time() {
    let agent = log([
        at(
            1,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        ),
        "no event".into(),
        at(
            5,
            r#""event":"rotation_started","serial":"b","strategy":"bundle""#,
        ),
    ]);
    let server = log([loaded(2, 1, "a"), loaded(6, 2, "b"), opened(7, 1, 2)]);
    let mut merged = Merged::of(vec![
        Box::new(Cursor::new(server)),
        Box::new(Cursor::new(agent)),
    ])
    .unwrap();
    let (mut story, mut places) = (Story::default(), Vec::new());
    while let Some(line) = merged.line().unwrap() {
        places.push((line.file, line.number));
        story.line(&line);
    }
    assert_eq!(places, [(1, 1), (1, 2), (0, 1), (1, 3), (0, 2), (0, 3)]);
    let answers = serde_json::to_value(Answers::of(&story, NOW)).unwrap();
    assert_eq!(answers["file_to_load"]["count"], 2);
    assert_eq!(answers["file_to_wire"]["count"], 1);
}

/// Whatever this book has recorded of any server is read without a complaint.
#[test]
fn every_log_of_this_book_is_read() {
    let listings = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut logs = 0;
    for listing in std::fs::read_dir(listings).unwrap() {
        let Ok(transcripts) = std::fs::read_dir(listing.unwrap().path().join("transcripts")) else {
            continue;
        };
        for file in transcripts {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_none_or(|extension| extension != "jsonl")
            {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let found = answers(&text);
            assert_eq!(found["log"]["broken_lines"], 0, "{path:?}");
            assert_eq!(found["log"]["events"], text.lines().count(), "{path:?}");
            assert_eq!(found["log"]["clock_set_back"], 0, "{path:?}");
            logs += 1;
        }
    }
    assert!(logs >= 8, "{logs}");
}

/// Milliseconds are for what takes milliseconds.
#[test]
fn what_takes_days_is_told_in_days() {
    let later = |ts: &str| loaded(0, 1, "a").replace("2026-01-01T00:00:00", ts);
    let took = |ts| {
        let began = at(
            0,
            r#""event":"rotation_started","serial":"a","strategy":"bundle""#,
        );
        let found = said(&log([began, later(ts)]));
        let line = found
            .lines()
            .find(|line| line.starts_with("from file to load"))
            .unwrap();
        line.strip_prefix("from file to load: once, ")
            .unwrap()
            .to_owned()
    };
    assert_eq!(took("2026-01-01T00:00:00"), "0.00 ms");
    assert_eq!(took("2026-01-01T00:00:09"), "9.00 s");
    assert_eq!(took("2026-01-01T00:05:00"), "5 min 0 s");
    assert_eq!(took("2026-01-03T05:00:00"), "2 d 5 h");
}

/// What a log holds must not steer the terminal that shows it.
#[test]
fn control_characters_do_not_reach_a_terminal() {
    let evil = at(
        1,
        r#""event":"identity_rejected","generation":1,"reason":"expired","file":"\u001b[2J","detail":"a\nserved now: generation 9""#,
    );
    let found = said(&log([loaded(0, 1, "a"), evil]));
    assert!(!found.contains('\u{1b}'), "{found:?}");
    assert!(!found.contains("\nserved now: generation 9"), "{found}");
}
