//! What is wanted of `gate`. Each function is a check, and its comment says what has to hold.

use std::panic;

use lab::log::Log;

use super::exercise::{Verdict, gate};

/// The log of the chapter's demo. One issue was refused, and the last `identity_loaded` is 1006.
const DEMO: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../listings/ch10-log-analysis/transcripts/demo.events.jsonl"
));

/// A server that never looks at its files after its start, and an agent that rotates.
const FROZEN: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"rotation_started","serial":"1001"}
{"ts":"2026-11-27T09:00:00.100000000Z","event":"identity_loaded","generation":1,"serial":"1001"}
{"ts":"2026-11-27T09:00:00.200000000Z","event":"listening","port":4433}
{"ts":"2026-11-27T09:05:00.000000000Z","event":"rotation_started","serial":"1002"}
{"ts":"2026-11-27T09:05:01.000000000Z","event":"connection_opened","connection":1,"generation":1}
"#;

/// The new certificate was loaded, and the old one was put back by hand.
const PUT_BACK: &str = r#"
{"ts":"2026-11-27T09:00:00.100000000Z","event":"identity_loaded","generation":1,"serial":"1001"}
{"ts":"2026-11-27T09:05:00.000000000Z","event":"identity_loaded","generation":2,"serial":"1002"}
{"ts":"2026-11-27T09:06:00.000000000Z","event":"identity_loaded","generation":3,"serial":"1001"}
"#;

/// The new certificate was loaded, and a half-written file was rejected afterwards.
const REJECTED_LATER: &str = r#"
{"ts":"2026-11-27T09:05:00.000000000Z","event":"identity_loaded","generation":2,"serial":"1002"}
{"ts":"2026-11-27T09:06:00.000000000Z","event":"identity_rejected","generation":2,"reason":"truncated"}
"#;

/// The server was started anew, and counts its generations from 1 again.
const RESTARTED: &str = r#"
{"ts":"2026-11-27T09:00:00.100000000Z","event":"identity_loaded","generation":5,"serial":"1001"}
{"ts":"2026-11-27T09:05:00.000000000Z","event":"identity_loaded","generation":1,"serial":"1002"}
{"ts":"2026-11-27T09:05:00.100000000Z","event":"listening","port":4433}
"#;

/// The clock was set back by an hour between the two lines.
const SET_BACK: &str = r#"
{"ts":"2026-11-27T09:00:00.100000000Z","event":"identity_loaded","generation":1,"serial":"1001"}
{"ts":"2026-11-27T08:05:00.000000000Z","event":"identity_loaded","generation":2,"serial":"1002"}
"#;

/// A log that was rotated at midnight: what was loaded is in yesterday's file.
const FROM_THE_MIDDLE: &str = r#"
{"ts":"2026-11-28T00:00:01.000000000Z","event":"connection_opened","connection":7,"generation":2}
{"ts":"2026-11-28T00:00:02.000000000Z","event":"connection_closed","connection":7,"generation":2}
"#;

fn of(log: &str, serial: &str) -> Verdict {
    gate(&Log::parse(log).events(), serial)
}

/// A server that does not reload fails.
pub fn a_server_that_does_not_reload_fails() {
    let verdict = of(FROZEN, "1002");
    assert!(
        verdict == Verdict::Fails,
        "This server never looks at its files again. 1002 was written, and is not served, and the answer is {verdict:?}. Its generation 1 \
         was there before the rotation, and a server that never looks rejects nothing either. Ask for what only this rotation can \
         have brought."
    );
}

/// What was loaded last opens the gate, whatever was refused before.
pub fn what_the_rotation_brought_opens_the_gate() {
    let verdict = of(DEMO, "1006");
    assert!(
        verdict == Verdict::Holds,
        "In the log of the chapter 1006 was loaded last, and the answer for it is {verdict:?}. An issue that was refused long \
         before is mended by it."
    );
}

/// What was loaded last is served, and nothing that was loaded before it.
pub fn what_was_loaded_last_is_served() {
    let (verdict, other) = (of(PUT_BACK, "1002"), of(PUT_BACK, "1001"));
    assert!(
        verdict == Verdict::Fails && other == Verdict::Holds,
        "1002 was loaded, and a minute later 1001 was put back and loaded again. For 1002 the answer is {verdict:?}, and for 1001 \
         {other:?}. A load replaces the one before it."
    );
}

/// What came last is told by the order of the lines: a restart counts from 1 again, and a clock can be set back.
pub fn the_last_line_tells_what_came_last() {
    for (log, why) in [
        (
            RESTARTED,
            "The server was started anew, and counts its generations from 1 again: the highest one is of a process that has ended.",
        ),
        (
            SET_BACK,
            "The clock was set back by an hour in between: the latest time is not the last line.",
        ),
    ] {
        let (verdict, other) = (of(log, "1002"), of(log, "1001"));
        assert!(
            verdict == Verdict::Holds && other == Verdict::Fails,
            "1001 was loaded, and then 1002. For 1002 the answer is {verdict:?}, and for 1001 {other:?}. {why} One process after the other \
             writes into this log, so the order of its lines is the order of what happened."
        );
    }
}

/// A serial is compared as a whole.
pub fn a_serial_is_compared_as_a_whole() {
    for other in ["11002", "10021"] {
        let verdict = of(&PUT_BACK.replace("1001", other), "1002");
        assert!(
            verdict == Verdict::Fails,
            "The certificate {other} was loaded last, and 1002 is asked for. The answer is {verdict:?}: 1002 is a part of that serial and not the \
             whole of it."
        );
    }
}

/// A file that is rejected afterwards replaces nothing.
pub fn a_rejected_file_replaces_nothing() {
    let verdict = of(REJECTED_LATER, "1002");
    assert!(
        verdict == Verdict::Holds,
        "1002 was loaded, and a minute later a half-written file was rejected. The last good pair goes on being served, so 1002 is \
         served, and the answer is {verdict:?}."
    );
    lines_of_another_kind_say_nothing_of_it();
}

/// Other lines name a serial, too, and other things are loaded: trust anchors, by chapter 8, and what a client loads.
fn lines_of_another_kind_say_nothing_of_it() {
    for line in [
        r#"{"ts":"2026-11-27T09:07:00.000000000Z","event":"identity_rejected","generation":2,"serial":"1003","reason":"expired"}"#,
        r#"{"ts":"2026-11-27T09:07:00.000000000Z","event":"trust_loaded","generation":2,"anchors":2}"#,
        r#"{"ts":"2026-11-27T09:07:00.000000000Z","event":"client_loaded","serial":"1003"}"#,
        r#"{"ts":"2026-11-27T09:07:00.000000000Z","event":"handshake_seen","serial":"1001","resumed":true}"#,
    ] {
        let log = format!("{REJECTED_LATER}{line}\n");
        let (verdict, other) = (of(&log, "1002"), of(&log, "1003"));
        assert!(
            verdict == Verdict::Holds && other == Verdict::Fails,
            "1002 was loaded, and this line came later: {line}. For 1002 the answer is {verdict:?}, and for 1003 {other:?}. That a server serves another certificate from now on is said by `identity_loaded`, and \
             by no line whose name is like it."
        );
    }
}

/// A log that names nothing that was loaded cannot be told.
pub fn a_log_that_names_nothing_cannot_be_told() {
    for (log, what) in [("", "is empty"), (FROM_THE_MIDDLE, "begins in the middle")] {
        let verdict = of(log, "1002");
        assert!(
            verdict == Verdict::CannotTell,
            "This log {what}, and has no line `identity_loaded`, so it does not say what is served. The answer is {verdict:?}. A script that \
             takes this for a failure looks for the fault in the server, when the gate itself is broken."
        );
    }
}

/// Serials are hexadecimal, and longer than any number of a processor.
pub fn serials_are_no_decimal_numbers() {
    of(PUT_BACK, "1001");
    for [old, new] in [
        ["100a", "100b"],
        [
            "4f8d11c09ab2e6537d20f1886a3bc94e5f01",
            "4f8d11c09ab2e6537d20f1886a3bc94e5f02",
        ],
        [
            "4f8d11c09ab2e6537d20f1886a3bc94e5f01",
            "5f8d11c09ab2e6537d20f1886a3bc94e5f01",
        ],
    ] {
        let log = PUT_BACK.replace("1001", old).replace("1002", new);
        let verdicts = panic::catch_unwind(|| (of(&log, new), of(&log, old)));
        assert!(
            matches!(verdicts, Ok((Verdict::Fails, Verdict::Holds))),
            "The certificate {new} was loaded, and a minute later {old} was put back and loaded again. The answers for the two are {verdicts:?}. A serial is hexadecimal and has up to \
             40 digits: compare it as text."
        );
    }
}

/// A load counts, however long ago it was.
pub fn a_load_counts_however_long_ago_it_was() {
    let connection = FROM_THE_MIDDLE.trim();
    let log = PUT_BACK.trim().to_owned() + "\n" + &format!("{connection}\n").repeat(1000);
    let (verdict, other) = (of(&log, "1001"), of(&log, "1002"));
    assert!(
        verdict == Verdict::Holds && other == Verdict::Fails,
        "1001 was loaded last, and 2000 lines about connections came after it. For 1001 the answer is {verdict:?}, and for 1002 {other:?}. Between two renewals a busy server writes \
         millions of lines: search all of the log, from its end."
    );
}

/// A load that names no serial is no evidence for any.
pub fn a_load_without_a_serial_opens_no_gate() {
    let log = PUT_BACK.to_owned()
        + r#"{"ts":"2026-11-27T09:07:00.000000000Z","event":"identity_loaded","generation":4}"#;
    let verdict = of(&log, "1001");
    assert!(
        verdict != Verdict::Holds,
        "The last line `identity_loaded` has lost its serial, so something was loaded after 1001, and what that was is not known. The answer for 1001 is {verdict:?}. A gate opens on evidence, \
         and what is not said is none."
    );
}
