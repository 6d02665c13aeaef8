//! What a person reads of a log. The twins in Go and Python read the same file, and write the same text.

use events::event::{Event, timestamp};
use events::line::Teller;
use events::text::{WIDTH, Writer};
use serde_json::{Value, json};
use time::OffsetDateTime;

const GOLDEN: &str = include_str!("golden.events.jsonl");

fn text(mut writer: Writer, log: &str) -> String {
    let mut text = String::new();
    for line in log.lines() {
        text += &match Event::parse(line) {
            Some(event) => writer.event(&event),
            None => writer.other(line),
        };
    }
    text + &writer.flush()
}

#[test]
fn a_log_reads_as_it_did() {
    let read = text(Writer::default(), GOLDEN);
    // To accept what has changed: `SNAPSHOTS=overwrite`, as for the transcripts.
    if std::env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden.txt"),
            read,
        )
        .unwrap();
        return;
    }
    assert_eq!(read, include_str!("golden.txt"));
}

#[test]
fn what_a_log_holds_neither_steers_a_terminal_nor_turns_a_line() {
    let plain = events::line::plain("a\u{1b}[31mb\u{202e}c\u{2069}é\n");
    assert_eq!(plain, "a\u{fffd}[31mb\u{fffd}c\u{fffd}é\u{fffd}");
}

#[test]
fn no_line_is_wider_than_a_page() {
    for line in text(Writer::default(), GOLDEN).lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
}

/// In a terminal the words are the same.
#[test]
fn colours_change_no_word() {
    let coloured = text(Writer::coloured(), GOLDEN);
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain += before;
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(plain + rest, text(Writer::default(), GOLDEN));
}

/// What another program writes, whatever it is, is shown and ends nothing.
#[test]
fn no_line_is_a_reason_to_panic() {
    let odd = [
        r#"{"event":""}"#,
        r#"{"event":"x","not_after":7,"a_sha256":"é","tls":null,"names":[[{}]],"b":{"c":1}}"#,
        r#"{"ts":"never","event":"listening","port":"-"}"#,
        r#"{"ts":"9999-12-31T23:59:59Z","event":"x","not_after":"-9999-01-01T00:00:00Z"}"#,
        r#"{"event":5}"#,
        "\u{0}",
        "",
    ];
    let written = text(Writer::default(), &odd.join("\n"));
    assert_eq!(written.lines().count(), odd.len() - 1, "{written}");
    for length in 0..GOLDEN.len() {
        if GOLDEN.is_char_boundary(length) {
            text(Writer::default(), &GOLDEN[..length]);
        }
    }
}

/// Its time, its name, and its fields in the order in which they were given.
#[test]
fn an_event_of_now() {
    let before = timestamp(OffsetDateTime::now_utc());
    let event = Event::now("written", [("b", json!(1)), ("a", json!("x"))]);
    let after = timestamp(OffsetDateTime::now_utc());
    let at = event.text("ts").unwrap();
    assert!(
        before <= at && at <= after,
        "{before}, then {at}, then {after}"
    );
    assert_eq!(event.name(), "written");
    assert_eq!((event.number("b"), event.number("a")), (Some(1), None));
    let line = format!(r#"{{"ts":"{at}","event":"written","b":1,"a":"x"}}"#);
    assert_eq!(event.to_string(), line);
    assert_eq!(Event::parse(&line), Some(event));
}

#[test]
fn what_has_no_name_is_no_event() {
    assert!(Event::parse(r#"{"event":""}"#).is_some());
    for line in [
        r#"{"event":5}"#,
        r#"{"event":null}"#,
        r#"{"ts":"x"}"#,
        r#"["event"]"#,
        "x",
    ] {
        assert_eq!(Event::parse(line), None, "{line}");
    }
}

/// What is measured has its unit, and its name without it.
#[test]
fn fields_with_units() {
    let said = |field: &str, value: Value| {
        let event = Event::now("measured", [(field, value)]);
        Teller::default().tell(&event).what
    };
    for (field, value, words) in [
        ("took_ms", json!(1.25), "took 1.2 ms"),
        ("took_us", json!(7), "took 7 µs"),
        ("look_age_seconds", json!(9), "look age 9 s"),
        ("look_age_seconds", json!(9.55), "look age 9.6 s"),
        ("look_age", json!(9), "look age 9"),
    ] {
        assert_eq!(said(field, value), [words], "{field}");
    }
}

/// A field is kept on one line up to half of a page, and no further. A longer one fills the line that
/// it begins on.
#[test]
fn a_field_is_broken_where_it_is_longer_than_half_a_page() {
    let half = (WIDTH - 2) / 2;
    let wide = |field: usize| {
        let words = "a ".repeat(field / 2 - 1) + &"a".repeat(2 + field % 2);
        assert_eq!(words.chars().count(), field);
        let fill = "b".repeat(half - 15);
        let event = Event::now("e", [("why", json!(fill)), ("detail", json!(words))]);
        let text = Writer::default().event(&event);
        let broken = !text.contains(&words);
        (broken, text)
    };
    let (broken, text) = wide(half);
    assert!(!broken, "{text}");
    let (broken, text) = wide(half + 1);
    assert!(broken, "{text}");
}
