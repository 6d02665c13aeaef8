//! Lines that are cut wherever they can be: in what a collector writes around an event, in an array, and on a pipe.

use std::io::Cursor;
use std::time::Instant;

use ch10_log_analysis::assertion::{Assertions, Verdict, What};
use ch10_log_analysis::read::Lines;
use ch10_log_analysis::state::LogState;
use lab::log::want;
use openssl::base64::encode_block;
use serde_json::json;
use time::macros::datetime;

const REJECTED: &str = r#"{"ts":"2026-01-01T00:00:05.000000000Z","event":"identity_rejected","generation":1,"reason":"torn","detail":"no end"}"#;
const OTHERS: [&str; 3] = [
    r#"{"ts":"2026-01-01T00:00:00.000000000Z","event":"identity_loaded","generation":1,"serial":"1001","not_after":"2036-01-01T00:00:00Z"}"#,
    r#"{"ts":"2026-01-01T00:00:01.000000000Z","event":"listening","port":443}"#,
    r#"{"ts":"2026-01-01T00:00:06.000000000Z","event":"connection_opened","connection":1,"generation":1,"resumed":false}"#,
];

/// Whether no certificate was rejected: `None` where that cannot be told.
fn none_rejected(log: &str) -> Option<bool> {
    let mut assertions = Assertions::new([What::None(want("identity_rejected"))]);
    let (mut state, mut lines) = (LogState::default(), Lines::new(Cursor::new(log), 0));
    loop {
        let line = match lines.whole().unwrap() {
            Some(line) => line,
            None => match lines.last() {
                Some(line) => line,
                None => break,
            },
        };
        state.line(&line);
        assertions.line(&line, &|line| line.number.to_string());
    }
    match assertions.verdict(&state, datetime!(2026-01-01 00:10:00 UTC)) {
        Verdict::Holds => Some(true),
        Verdict::Untold(_) => None,
        Verdict::Never(_) | Verdict::NotYet(_) => Some(false),
    }
}

/// The other events, each wrapped, with this in their midst.
fn around(wrap: Wrap, midst: &str) -> String {
    let [first, second, last] = OTHERS.map(wrap);
    format!("{first}\n{second}\n{midst}{last}\n")
}

type Wrap = fn(&str) -> String;

fn plain(line: &str) -> String {
    line.to_owned()
}

fn docker(line: &str) -> String {
    json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-01-01T00:00:05Z"})
        .to_string()
}

fn cri(line: &str) -> String {
    format!("2026-01-01T00:00:05.5Z stderr F {line}")
}

fn splunk(line: &str) -> String {
    json!({"time": 1, "event": line}).to_string()
}

fn table(line: &str) -> String {
    format!("1767225605000,\"{}\",api", line.replace('"', "\"\""))
}

fn logfmt(line: &str) -> String {
    format!("time=2026-01-01 level=info msg={} pod=api-0", json!(line))
}

fn string(line: &str) -> String {
    json!(line).to_string()
}

fn bytes(line: &str) -> String {
    json!({"__CURSOR": "s=1", "MESSAGE": line.as_bytes()}).to_string()
}

const WRAPS: [(&str, Wrap); 8] = [
    ("nobody", plain),
    ("Docker", docker),
    ("CRI", cri),
    ("Splunk", splunk),
    ("a table", table),
    ("logfmt", logfmt),
    ("a string", string),
    ("journald's bytes", bytes),
];

/// The end of a file: each byte of the line may be the last one. A brace alone, and the words before an event, are of any
/// line.
#[test]
fn a_line_that_is_cut_anywhere_is_not_nothing() {
    for (collector, wrap) in WRAPS {
        assert_eq!(none_rejected(&around(wrap, "")), Some(true), "{collector}");
        let line = wrap(REJECTED);
        let before = around(wrap, "");
        let begins = line.find("ts").unwrap_or("{\"__CURSOR".len());
        for end in begins..line.len() {
            let log = format!("{before}{}", &line[..end]);
            assert_ne!(none_rejected(&log), Some(true), "{collector}: {log}");
        }
    }
}

/// A writer dies in the middle of a line, and the next one goes on behind it. So few bytes of the words before an event are
/// of any line.
#[test]
fn a_line_that_another_goes_on_is_not_nothing() {
    const FEW: usize = 8;
    for (collector, wrap) in &WRAPS[..3] {
        let line = wrap(REJECTED);
        for end in FEW..line.len() {
            let log = around(*wrap, &line[..end]);
            assert_ne!(none_rejected(&log), Some(true), "{collector}: {log}");
        }
    }
}

/// What is around an event is whole, and the event is not: its beginning, or its end.
#[test]
fn a_text_that_is_cut_in_a_whole_line_is_not_nothing() {
    for (collector, wrap) in WRAPS {
        for at in 6..REJECTED.len() - 2 {
            let (first, last) = REJECTED.split_at(at);
            for part in [first, &format!("{first}..."), last] {
                // Words of a text are none of JSON.
                if part.starts_with(|c: char| c != '{') && !part.contains("\":") {
                    continue;
                }
                let log = around(wrap, &(wrap(part) + "\n"));
                assert_ne!(none_rejected(&log), Some(true), "{collector}: {log}");
            }
        }
    }
}

/// Text within text, however deep, in base64 behind words, and as bytes within what is not read.
#[test]
fn an_event_that_is_not_read_is_not_nothing() {
    let deep = |depth| {
        (0..depth).fold(REJECTED.to_owned(), |line, _| {
            json!({"log": line}).to_string()
        })
    };
    let base64 = |line: &str| encode_block(line.as_bytes());
    let html = |line: &str| line.replace('"', "&quot;");
    for line in [
        deep(5),
        deep(7),
        deep(10),
        base64(REJECTED),
        base64(&cri(REJECTED)),
        format!("body: {}", base64(&format!("x{}", cri(REJECTED)))),
        splunk(&html(REJECTED)),
        splunk("ts=2026-01-01T00:00:05Z event=identity_rejected reason=torn"),
        splunk("{'ts': '2026-01-01T00:00:05Z', 'event': 'identity_rejected'}"),
        html(&bytes(REJECTED)),
        html(&bytes(&REJECTED[45..])),
    ] {
        let log = around(plain, &(line + "\n"));
        assert_eq!(none_rejected(&log), None, "{log}");
    }
}

/// Arrays of rows, a row a line or all in one: behind the last row others may have been.
#[test]
fn an_array_without_its_end_may_go_on_with_any() {
    let rows = OTHERS.map(|line| json!({"id": 1, "message": line}).to_string());
    let texts = OTHERS.map(string);
    let cells = OTHERS.map(|line| json!(["0", line]).to_string());
    let tagged = OTHERS.map(|line| json!(["0", line, ["tag"]]).to_string());
    for whole in [
        format!("[{}]", OTHERS.join(",\n")),
        format!("[{}]\n", rows.join(", \n ")),
        format!("[{}\n]\n", rows.join("\n,")),
        format!("[\n{}\n]\n", texts.join(",\n")),
        format!("x\n[{}]\n", rows.join(",")),
        format!("x\nPOST /ingest [{}] 200\n", rows.join(", ")),
        format!("x\n[{}]\n[{}]\n", rows[..2].join(","), rows[2]),
        format!("[\"tag\",[[0,{}],[1,{}]]]\n", rows[0], rows[1]),
        format!("[{}]\n", texts.join(",\n")),
        format!("[\n{}\n]\n", cells.join("\n,")),
        format!("[{}]\n", tagged.join(",\n")),
        // As psql shows a text of several lines.
        format!(" [{}]\n(1 row)\n", rows.join(",      +\n ")),
    ] {
        assert_eq!(none_rejected(&whole), Some(true), "{whole}");
        let bracket = whole.rfind(']').unwrap();
        for (cut, more) in [
            (bracket, ""),
            (bracket, ","),
            (bracket, "\n"),
            (bracket, "\nwords\n"),
        ] {
            let log = format!("{}{more}", whole[..cut].trim_end());
            assert_eq!(none_rejected(&log), None, "{log}");
        }
    }
}

/// Other programs write arrays, hashes and text of their own, whole and cut.
#[test]
fn lines_of_other_programs_are_no_cut_events() {
    for line in [
        "[{\"a\":1},\nINFO ready",
        "[\n  1,\n  2\nINFO",
        "[ { a: 1 },\n  { b: 2 }",
        r#"Parameters: {"user"=>"a", "event"=>"b"}"#,
        r#"{"time":1,"event":"{\"msg\":\"hello\"}"}"#,
        r#"{"time":1,"event":"{}"}"#,
        r#"{"log":"expected \"{\", got \"}\"\n","stream":"stderr","time":"2026-01-01T00:00:05Z"}"#,
        r#"SyntaxError: expected "{", got "x""#,
        r#"[{"id":NaN},{"id":1}]"#,
        r#"let more = if more.is_empty() { "" } else { " and others" };"#,
        r#"assert!(!said.contains("{a:{"), "{}", said);"#,
        "/var/lib/containers/storage/overlay/aHR0cHM6Ly9leGFtcGxlLmNvbS9hYmNkZWZnaGlqa2w",
    ] {
        let log = around(plain, &format!("{line}\n"));
        assert_eq!(none_rejected(&log), Some(true), "{log}");
    }
}

/// Anybody may write into a log. What stands before a word of journald's, or behind the field of an event, is not searched
/// again for each of them: such a line took minutes, and one of other words a second.
#[test]
fn a_line_of_one_word_takes_no_longer_than_others() {
    let took = |word: &str| {
        let line = word.repeat((1 << 20) / word.len() - 1) + "\n";
        let began = Instant::now();
        assert_eq!(none_rejected(&around(plain, &line)), Some(true), "{word}");
        began.elapsed()
    };
    let others = took("RATHER ");
    for word in [" blob data]", "EVENT "] {
        let took = took(word);
        let ratio = took.as_secs_f64() / others.as_secs_f64();
        assert!(ratio < 30.0, "{word}: {took:?}, and {others:?} for others");
    }
}
