//! What cannot be told by a log is not told: it is no text, a line of it is lost, or its events are not those of the
//! contract.

use std::fs;
use std::process::Command;

use crate::zdr::{self, said};
use lab::agent::{Agent, Strategy};

const REJECTED: &str = r#"{"ts":"2026-01-01T00:00:02.000000000Z","event":"identity_rejected","generation":1,"reason":"torn","file":"tls.crt","detail":""}"#;
const LOADED: &str = r#"{"ts":"2026-01-01T00:00:00.010000000Z","event":"identity_loaded","generation":1,"serial":"00A1:02","not_after":"2036-01-01T00:00:00Z"}"#;

/// The exit code, and what was said, of a command about a log with these bytes.
fn of(log: &[u8], arguments: &[&str]) -> (Option<i32>, String) {
    let directory = lab::directory().unwrap();
    fs::write(directory.path().join("run.jsonl"), log).unwrap();
    said(&zdr::log(directory.path(), arguments).output().unwrap())
}

fn none(log: &str, unwanted: &str) -> (Option<i32>, String) {
    of(log.as_bytes(), &["assert", "run.jsonl", "--none", unwanted])
}

/// A line that is longer than what is kept may be anything.
#[test]
fn a_line_that_is_too_long_proves_nothing() {
    let long = REJECTED.replace(
        r#""detail":"""#,
        &format!(r#""detail":"{}""#, "x".repeat(2 << 20)),
    );
    let (code, told) = none(&format!("{LOADED}\n{long}\n"), "identity_rejected");
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains("run.jsonl:2 is too long to be read"),
        "{told}"
    );
    let (_, told) = none(&format!("{long}\n{long}\n"), "identity_rejected");
    assert!(told.contains("run.jsonl:1 is too long"), "{told}");
    // What is there for certain is told all the same.
    let (code, told) = none(&format!("{long}\n{REJECTED}\n"), "identity_rejected");
    assert_eq!(code, Some(1), "{told}");

    // Where all line breaks were lost, it may hold what is missing.
    let log = format!("{LOADED}\n{long}\n");
    for (serial, expected) in [("a102", 0), ("a103", 2)] {
        let asked = ["assert", "run.jsonl", "--loaded", serial];
        let (code, told) = of(log.as_bytes(), &asked);
        assert_eq!(code, Some(expected), "{serial}: {told}");
    }

    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let key = fs::read_to_string(agent.files().key).unwrap();
    let line = format!("{LOADED}\n{}{key:?}\n", "x".repeat(2 << 20));
    fs::write(directory.path().join("run.jsonl"), line).unwrap();
    let asked = ["assert", "run.jsonl", "--no-key-bytes", "tls.key"];
    let (code, told) = said(&zdr::log(directory.path(), &asked).output().unwrap());
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains("run.jsonl:2 is too long to be read"),
        "{told}"
    );
}

/// A server that misspells an event says nothing about its absence.
#[test]
fn an_event_that_is_not_of_the_contract_proves_nothing() {
    let log = format!(
        "{LOADED}\n{}\n",
        REJECTED.replace("identity_rejected", "identity_rejectd")
    );
    let (code, told) = none(&log, "identity_rejected");
    assert_eq!(code, Some(2), "{told}");
    let expected = "run.jsonl:2: `identity_rejectd` is no event of the contract, and may be `identity_rejected`";
    assert!(told.contains(expected), "{told}");
    assert_eq!(none(&log, "drain_started"), (Some(0), String::new()));

    let log = format!("{LOADED}\n{}\n", REJECTED.replace("torn", "ripped"));
    let (code, told) = none(&log, "identity_rejected reason=torn");
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("does not have: `ripped`"), "{told}");

    // An event of one's own is no misspelt one.
    let log = format!(
        "{LOADED}\n{}\n",
        REJECTED.replace("identity_rejected", "cache_filled")
    );
    assert_eq!(none(&log, "identity_rejected"), (Some(0), String::new()));
}

#[test]
fn a_value_that_no_event_can_have_is_refused() {
    let log = format!("{LOADED}\n");
    for (unwanted, expected) in [
        (
            "identity_rejected generation=two",
            "`two` is no whole number",
        ),
        (
            "connection_opened resumed=no",
            "`no` is no `true` or `false`",
        ),
        (
            "identity_loaded serial=xyz",
            "`xyz` is no serial number in hex",
        ),
    ] {
        let (code, told) = none(&log, unwanted);
        assert_eq!(code, Some(2), "{unwanted}: {told}");
        assert!(told.contains(expected), "{unwanted}: {told}");
    }
    for serial in ["", "xyz", "12:", "0x", "-"] {
        let serial = format!("--loaded={serial}");
        let (code, told) = of(log.as_bytes(), &["assert", "run.jsonl", &serial]);
        let is_told = code == Some(2) && told.contains("is no serial number in hex");
        assert!(is_told || serial == "--loaded=12:", "{serial}: {told}");
    }
}

/// openssl prints `A102`, `a1:02` or `0xa102`; some logs have zeros before it.
#[test]
fn a_serial_number_is_one_in_each_notation() {
    let log = format!("{LOADED}\n");
    for serial in ["a102", "A102", "00a102", "a1:02", "0xA102", "00A1:02"] {
        let holds = of(log.as_bytes(), &["assert", "run.jsonl", "--loaded", serial]);
        assert_eq!(holds, (Some(0), String::new()), "{serial}");
    }
    let (code, _) = of(log.as_bytes(), &["assert", "run.jsonl", "--loaded", "a103"]);
    assert_eq!(code, Some(1));
}

#[test]
fn what_is_no_text_is_named() {
    let utf16_of = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let utf16 = |bytes: fn(u16) -> [u8; 2]| utf16_of("\u{feff}{", bytes);
    let unmarked = |bytes: fn(u16) -> [u8; 2]| utf16_of("2026-01-01", bytes);
    let tar = [&b"run.jsonl"[..], &[0; 248], b"ustar\0"].concat();
    for (bytes, expected) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0"[..], "compressed by gzip"),
        (b"\x28\xb5\x2f\xfd\0", "compressed by zstd"),
        (b"\xfd7zXZ\0", "compressed by xz"),
        (&utf16(u16::to_le_bytes), "UTF-16"),
        (&utf16(u16::to_be_bytes), "UTF-16"),
        (&unmarked(u16::to_le_bytes), "UTF-16"),
        (&unmarked(u16::to_be_bytes), "UTF-16"),
        (&tar, "a tar archive"),
        (b"LPKSHHRH\0", "a journal of systemd"),
        (
            b"{\n  \"@timestamp\" => \"x\",\n",
            "in the notation of Ruby",
        ),
    ] {
        let expected = format!("run.jsonl: it is {expected}");
        for arguments in [
            &["run.jsonl"][..],
            &["show", "run.jsonl"],
            &["assert", "run.jsonl", "--generation-at-least", "1"],
            &[
                "assert",
                "run.jsonl",
                "--generation-at-least",
                "1",
                "--wait",
                "30",
            ],
        ] {
            let (code, told) = of(bytes, arguments);
            assert_eq!(code, Some(2), "{arguments:?}: {told}");
            assert!(told.contains(&expected), "{arguments:?}: {told}");
        }
    }
}

#[test]
fn a_file_is_not_counted_twice() {
    let directory = lab::directory().unwrap();
    let path = directory.path().join("run.jsonl");
    fs::write(&path, LOADED).unwrap();
    std::os::unix::fs::symlink(&path, directory.path().join("link.jsonl")).unwrap();
    let asked = |files: &[&str]| said(&zdr::log(directory.path(), files).output().unwrap());
    let (code, told) = asked(&["run.jsonl", "run.jsonl"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("named twice"), "{told}");
    for both in [
        &["run.jsonl", "link.jsonl"][..],
        &["show", "--follow", "run.jsonl", "link.jsonl"],
    ] {
        let (code, told) = asked(both);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("are one file"), "{told}");
    }
    // What a shell hands over may be a pipe each time.
    let mut twice = Command::new("sh");
    twice.args([
        "-c",
        "cat run.jsonl | \"$0\" log",
        env!("CARGO_BIN_EXE_ch10-log-analysis"),
    ]);
    assert!(
        twice
            .current_dir(directory.path())
            .output()
            .unwrap()
            .status
            .success()
    );
}

#[test]
fn an_end_that_never_comes_is_told() {
    let (code, told) = of(
        LOADED.as_bytes(),
        &["run.jsonl", "--until", "identity_rejected"],
    );
    assert_eq!(code, Some(0));
    assert!(
        told.contains("the log has no `identity_rejected`"),
        "{told}"
    );
}

/// What a log holds must not steer the terminal that shows why an assertion does not hold, or cannot be told.
#[test]
fn control_characters_of_a_log_are_not_said() {
    let evil = "\u{1b}[2J\u{9b}31m\u{202e}";
    let escaped = "\\u001b[2J\u{9b}31m\u{202e}";
    let detail = REJECTED.replace(r#""detail":"""#, &format!(r#""detail":"{escaped}""#));
    let reason = REJECTED.replace("torn", escaped);
    let serial = LOADED.replace("00A1:02", escaped);
    for (lines, asked) in [
        (detail, ["--none", "identity_rejected"]),
        (reason, ["--none", "identity_rejected reason=torn"]),
        (serial, ["--valid-for", "99999999999"]),
    ] {
        let log = format!("{LOADED}\n{lines}\n");
        let asked = ["assert", "run.jsonl", asked[0], asked[1]];
        let (code, told) = of(log.as_bytes(), &asked);
        assert!(matches!(code, Some(1 | 2)), "{asked:?}: {told}");
        assert!(told.contains("31m"), "{asked:?}: {told}");
        let steers = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
        assert!(!told.contains(steers), "{asked:?}: {told:?} {evil:?}");
    }
}

/// A load that does not say what was loaded may be the one that is asked for.
#[test]
fn a_load_that_cannot_be_read_proves_nothing() {
    let odd = LOADED.replace(r#""generation":1,"#, "");
    let log = format!("{odd}\n{REJECTED}\n");
    for asked in [
        ["--loaded", "a102"],
        ["--generation-at-least", "1"],
        ["--valid-for", "1"],
    ] {
        let asked = ["assert", "run.jsonl", asked[0], asked[1]];
        let (code, told) = of(log.as_bytes(), &asked);
        assert_eq!(code, Some(2), "{asked:?}: {told}");
        let expected = "run.jsonl:1: a load whose `generation` is no whole number";
        assert!(told.contains(expected), "{asked:?}: {told}");
    }
}

#[test]
fn a_log_that_begins_with_its_end_is_refused() {
    let later = |second: u32| LOADED.replace("00:00:00.010", &format!("00:00:0{second}.010"));
    let log = [3, 2, 1, 0].map(|second| later(second) + "\n").concat();
    for asked in [
        &["run.jsonl"][..],
        &["assert", "run.jsonl", "--generation-at-least", "1"],
    ] {
        let (code, told) = of(log.as_bytes(), asked);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("its newest line stands first"), "{told}");
    }
}
