//! Logs that are not as the contract has them, and nearly are.

use std::io::{BufRead, BufReader, Cursor};
use std::time::Duration;

use ch10_log_analysis::answers::Answers;
use ch10_log_analysis::cross_check;
use ch10_log_analysis::read::{Lines, Merged, REPEATED};
use ch10_log_analysis::state::LogState;
use lab::event::Event;

use super::{NOW, answers, at, closed, loaded, log, opened, said, state};

fn run() -> [String; 4] {
    [
        loaded(0, 1, "a"),
        opened(1, 1, 1),
        loaded(2, 2, "b"),
        closed(3, 1),
    ]
}

/// Some collectors make text or fractions of numbers.
#[test]
fn a_whole_number_is_one_however_it_is_written() {
    let text = log(run());
    let plain = answers(&text);
    for written in ["\"generation\":\"$1\"", "\"generation\":$1.0"] {
        let odd = [1, 2].into_iter().fold(text.clone(), |odd, number| {
            let from = format!("\"generation\":{number}");
            odd.replace(&from, &written.replace("$1", &number.to_string()))
        });
        assert_ne!(odd, text);
        assert_eq!(answers(&odd), plain, "{written}");
    }
    let labelled = text.replace('}', r#","process":"7"}"#);
    assert_eq!(answers(&labelled)["servers"][0]["process"], 7);
}

/// A load that does not say what was loaded is no second server, and is told.
#[test]
fn a_load_that_does_not_say_what_was_loaded() {
    let text = log(run());
    for (from, to, why) in [
        (
            r#""generation":2,"#,
            "",
            "a load whose `generation` is no whole number",
        ),
        (
            r#""generation":2,"#,
            r#""generation":1.5,"#,
            "a load whose `generation` is no whole number",
        ),
        (
            r#""generation":2,"#,
            r#""generation":-2,"#,
            "a load whose `generation` is no whole number",
        ),
        (r#""serial":"b","#, "", "a load whose `serial` is no text"),
        (
            r#""serial":"b","#,
            r#""serial":11,"#,
            "a load whose `serial` is no text",
        ),
    ] {
        let odd = text.replace(from, to);
        let found = said(&odd);
        assert!(!found.contains("several servers"), "{to}: {found}");
        assert!(
            found.contains("served now: generation 1, serial a\n"),
            "{to}: {found}"
        );
        let line = format!("log: 3 events, 1 broken line (the first is line 3: {why})\n");
        assert!(found.ends_with(&line), "{to}: {found}");
    }
}

/// A collector that is not sure whether it has sent a line sends it again, alone or with those before it.
#[test]
fn a_line_that_stands_there_twice_counts_once() {
    let lines = run();
    let plain = answers(&log(lines.clone()));
    let each = log(lines.clone().map(|line| format!("{line}\n{line}")));
    let batch = log(lines.clone()) + &log(lines);
    for twice in [each, batch] {
        let mut found = answers(&twice);
        assert_eq!(found["log"]["broken_lines"], 4);
        found["log"]["broken_lines"] = 0.into();
        assert_eq!(found, plain);
        let mut lines = Lines::new(Cursor::new(twice), 0);
        let mut why = Vec::new();
        while let Some(line) = lines.whole().unwrap() {
            why.extend(line.broken);
        }
        assert_eq!(why, [REPEATED; 4]);
    }
    // Two files of one log that overlap.
    let parts = [&run()[..3], &run()[1..]].map(|lines| Cursor::new(lines.join("\n") + "\n"));
    let [one, other] = parts.map(|part| Box::new(part) as Box<dyn BufRead + Send>);
    let mut merged = Merged::of(vec![one, other]).unwrap();
    let mut state = LogState::default();
    while let Some(line) = merged.line().unwrap() {
        state.line(&line);
    }
    let found = serde_json::to_value(Answers::of(&state, NOW)).unwrap();
    assert_eq!(found["servers"], plain["servers"]);
    // Of a clock of seconds or milliseconds, two may be alike, whatever zone it names.
    for end in ["Z", ".000Z", "+00:00", ".000+00:00"] {
        let failed = at(4, r#""event":"handshake_failed","why":"w""#).replace(".000000000Z", end);
        let found = answers(&log([failed.clone(), failed]));
        assert_eq!(found["log"]["events"], 2, "{end}");
    }
    let failed = at(4, r#""event":"handshake_failed","why":"w""#).replace("000Z", "000+00:00");
    assert_eq!(answers(&log([failed.clone(), failed]))["log"]["events"], 1);
}

/// It sends a whole batch again, and writes other words around each line then.
#[test]
fn a_batch_that_is_sent_again_counts_once() {
    let [first, second, next, last] = run();
    let many = (10..410).map(|number| opened(1, number, 1));
    let all: Vec<_> = [first, second]
        .into_iter()
        .chain(many)
        .chain([next, last])
        .collect();
    let sent = |when: &str| -> String {
        let wrap = |line: &String| serde_json::json!({"message": line, "sent": when}).to_string();
        all.iter().map(|line| wrap(line) + "\n").collect()
    };
    let once = answers(&sent("now"));
    let again = answers(&(sent("now") + &sent("later")));
    assert_eq!(again["servers"], once["servers"]);
    assert_eq!(again["log"]["broken_lines"], all.len());
    // Also where a part of another line stands before each.
    let sent: String = all
        .iter()
        .map(|line| format!("{}{line}\n", &line[..40]))
        .collect();
    assert_eq!(answers(&sent.repeat(2))["servers"], once["servers"]);
}

/// The newest line first is what a browser of logs exports. A clock that is set back does not look so.
#[test]
fn a_log_that_begins_with_its_end() {
    let mut lines = run();
    assert!(!state(&log(lines.clone())).newest_first());
    let again = log(lines.clone()).replace("01-01", "01-02") + &log(lines.clone());
    assert!(!state(&again).newest_first());
    lines.reverse();
    assert!(state(&log(lines)).newest_first());
}

/// What would be read as no event at all is refused, with what to do about it.
#[test]
fn what_is_no_line_for_each_event_is_refused() {
    let lines = run();
    let array = format!("[{}]", lines.join(","));
    let events: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let pretty = |what: &serde_json::Value| serde_json::to_string_pretty(what).unwrap() + "\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        log(run()).encode_utf16().flat_map(bytes).collect()
    };
    for (bytes, expected) in [
        (array.clone().into_bytes(), "jq -c '.[]'"),
        (format!("\u{feff} {array}\n").into_bytes(), "jq -c '.[]'"),
        (pretty(&events.clone().into()).into_bytes(), "jq -c '.[]'"),
        (
            events.iter().map(pretty).collect::<String>().into_bytes(),
            "jq -c .",
        ),
        (
            log(run()).replace('\n', "\r").into_bytes(),
            "end with CR alone",
        ),
        (utf16(u16::to_le_bytes), "UTF-16LE"),
        (utf16(u16::to_be_bytes), "UTF-16BE"),
        (b"\xff\xfe\0\0{\0\0\0".to_vec(), "UTF-32"),
        (b"BZh91AY&SY".to_vec(), "bzcat"),
        (b"\x04\x22\x4d\x18d@".to_vec(), "lz4cat"),
        (b"PK\x03\x04".to_vec(), "unzip -p"),
    ] {
        let refused = Lines::new(BufReader::new(Cursor::new(bytes)), 0).whole();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    // An array with a line for each event is read, and so is one event.
    for array in [
        format!("[\n{}\n]\n", lines.join(",\n")),
        format!("[{}]\n", lines[0]),
    ] {
        assert!(said(&array).contains("served now: generation"), "{array}");
    }
}

/// No line is an event: what one looks like is said.
#[test]
fn a_log_without_an_event() {
    let found = said("ts=2026-01-01T00:00:00Z event=listening port=443\n\n");
    let line = "log: 0 events, 2 broken lines (the first is line 1: no event)\nno line of it is an event, such as {";
    assert!(found.contains(line), "{found}");
    assert!(!said("").contains("no line of it"), "nothing is broken");
    // An object of another program is whole.
    let other = said("{\"level\":\"info\",\"msg\":\"x\"}\n");
    assert!(other.contains("(the first is line 1: no event)"), "{other}");
    let cut = said("{\"ts\":\"2026-01-01T00:00:00Z\",\n");
    assert!(cut.contains("(the first is line 1: cut"), "{cut}");
}

/// Marks that turn the direction of text, or break a line, do not reach a terminal.
#[test]
fn marks_do_not_reach_a_terminal() {
    let marks = "\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{85}";
    let evil = format!(
        r#""event":"identity_rejected","generation":1,"reason":"expired","file":"f","detail":"{marks}""#
    );
    let found = said(&log([loaded(0, 1, "a"), at(1, &evil)]));
    assert!(found.contains(&"\u{fffd}".repeat(6)), "{found}");
    assert!(!marks.chars().any(|mark| found.contains(mark)), "{found:?}");
}

/// The largest number that there is has none after it.
#[test]
fn no_generation_is_too_large() {
    let lines = [
        loaded(0, u64::MAX, "a"),
        loaded(1, 1, "b"),
        loaded(2, u64::MAX, "c"),
    ];
    let events = lines.clone().map(|line| Event::parse(&line).unwrap());
    assert!(cross_check(&events, &[], Duration::ZERO).is_empty());
    assert!(said(&log(lines)).contains(&format!("generation {}", u64::MAX)));
}

/// Nor does the last moment that can be written have one after it: such an event has no time.
#[test]
fn no_time_is_too_late() {
    let late = loaded(0, 1, "a").replace("2026-01-01T00:00:00", "9999-12-31T23:59:59");
    let lines = [late.clone(), loaded(1, 2, "b"), late];
    let events = lines.clone().map(|line| Event::parse(&line).unwrap());
    assert!(cross_check(&events, &[], Duration::from_secs(1)).is_empty());
    let found = said(&log(lines));
    assert!(found.contains("an event without a time"), "{found}");
}
