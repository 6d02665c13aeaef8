//! What a person reads of a log. The twins in Go and Python read the same file, and write the same text.

use events::event::Event;
use events::text::{WIDTH, Writer};

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
