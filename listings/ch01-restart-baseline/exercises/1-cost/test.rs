//! What is wanted of `cost`. Each function is a check, and its comment says what has to hold.

use std::hash::{BuildHasher, RandomState};
use std::panic::catch_unwind;

use lab::log::Log;

use super::exercise::{Cost, cost};

/// The log of the chapter's demo: ten clients were refused, and a download was cut after 3 MiB of 8.
const DEMO: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../listings/ch01-restart-baseline/transcripts/demo.events.jsonl"
));

/// A restart that handed its socket over: no client was refused, and two downloads were cut.
const HANDED_OVER: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"listening","port":4433,"process":1}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"process_exited","process":1}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"download_severed","bytes":1048576,"of":8388608,"why":"unexpected end of file"}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"download_severed","bytes":4194304,"of":8388608,"why":"unexpected end of file"}
"#;

/// No restart: one client, one download, whole.
const QUIET: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"listening","port":4433,"process":1}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"download_started","of":8388608}
{"ts":"2026-11-27T09:00:02.000000000Z","event":"download_finished","bytes":8388608,"sha256":"00"}
"#;

/// A line of chapter 8: an operator asked for a drain, and was told why not. No client was turned away.
const NO_CLIENT: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"drain_refused","root":"Root A","why":"connections depend on it"}
"#;

/// A download that was cut before its first byte.
const FROM_NOTHING: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"download_started","of":8388608}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"download_severed","bytes":0,"of":8388608,"why":"connection reset"}
"#;

/// A server that did not come back: two clients were refused, and no line sums them up.
const NEVER_BACK: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"process_exited","process":1}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"connect_refused","port":4433}
{"ts":"2026-11-27T09:00:02.000000000Z","event":"connect_refused","port":4433}
"#;

/// Three downloads that were cut, and of the second the log does not say how far it had come.
const WITHOUT_BYTES: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"download_severed","bytes":1048576,"of":8388608,"why":"connection reset"}
{"ts":"2026-11-27T09:00:01.000000000Z","event":"download_severed","of":8388608,"why":"connection reset"}
{"ts":"2026-11-27T09:00:02.000000000Z","event":"download_severed","bytes":2097152,"of":8388608,"why":"connection reset"}
"#;

/// An image of a disk, cut after 5 GiB and a byte.
const LARGE: &str = r#"
{"ts":"2026-11-27T09:00:00.000000000Z","event":"download_severed","bytes":5368709121,"of":8589934592,"why":"connection reset"}
"#;

/// One client was refused, and one download was cut: a line each, without its line break.
const REFUSED: &str =
    r#"{"ts":"2026-11-27T09:00:00.000000000Z","event":"connect_refused","port":4433}"#;
const SEVERED: &str = r#"{"ts":"2026-11-27T09:00:00.000000000Z","event":"download_severed","bytes":1000,"of":8388608,"why":"connection reset"}"#;

/// A number from 20 to 79, another one each time: no answer knows it beforehand.
fn drawn() -> u64 {
    20 + RandomState::new().hash_one(0) % 60
}

/// This line so many times.
fn times(line: &str, number: u64) -> String {
    format!("{line}\n").repeat(number as usize)
}

fn cost_of(log: &str) -> Cost {
    cost(&Log::parse(log).events())
}

/// Each client that was refused counts once.
pub fn each_refused_client_counts_once() {
    let refused = cost_of(DEMO).refused;
    assert!(
        refused == 10,
        "In the log of the chapter, ten clients were refused, and `refused` is {refused}. Each of them has \
         a line `connect_refused`; the line `gap_closed` says the same ten once more."
    );
    let refused = cost_of(NEVER_BACK).refused;
    assert!(
        refused == 2,
        "A server did not come back, two clients were refused, and `refused` is {refused}. No line `gap_closed` sums them up, since the gap did not close: \
         count the lines `connect_refused`."
    );
    let clients = drawn();
    let refused = cost_of(&times(REFUSED, clients)).refused;
    assert!(
        refused == clients,
        "{clients} clients were refused within one moment, so that their lines are equal to the last letter, and `refused` is {refused}. Equal lines are as many clients: count \
         each line."
    );
}

/// A download that was cut counts, also where no client was refused.
pub fn a_severed_download_counts_though_no_client_was_refused() {
    let Cost {
        refused, severed, ..
    } = cost_of(HANDED_OVER);
    assert!(
        (refused, severed) == (0, 2),
        "A process handed its socket on and ended: no client was refused, and two downloads were cut. \
         `refused` is {refused} and `severed` is {severed}. The connected clients lose as well: look \
         for `download_severed`."
    );
    let severed = cost_of(FROM_NOTHING).severed;
    assert!(
        severed == 1,
        "A download was cut before its first byte. Nothing was sent for nothing, and a client was cut all the same: each line `download_severed` is one, and `severed` is {severed}."
    );
    let found = catch_unwind(|| cost_of(WITHOUT_BYTES).severed);
    let said = match &found {
        Ok(severed) => format!("`severed` is {severed}"),
        Err(_) => "`cost` panicked".to_owned(),
    };
    assert!(
        found.is_ok_and(|severed| severed == 3),
        "Three downloads were cut, and the line of one has no field `bytes`: {said}. A log is input. What one line does not say takes nothing from what the \
         others do."
    );
}

/// What a client already had when it was cut was sent for nothing.
pub fn what_the_client_already_had_was_sent_for_nothing() {
    for (log, name, bytes) in [
        (DEMO, "the chapter", 3_145_728),
        (HANDED_OVER, "the handed-over socket", 5_242_880),
        (LARGE, "a large file", 5_368_709_121),
    ] {
        let wasted = cost_of(log).wasted_bytes;
        assert!(
            wasted == bytes,
            "In the log of {name}, {bytes} bytes were sent for nothing, and `wasted_bytes` is {wasted}. A cut \
             download begins again from nothing, so what counts is how far it had come: the field `bytes` \
             of `download_severed`. For comparison, the field `of` is the whole file. Files \
             of more than 4 GiB need a number of 64 bits, and a whole one: an `f32` has seven digits."
        );
    }
    // An answer that panics over that line is told by the check that counts cut downloads.
    let Ok(wasted) = catch_unwind(|| cost_of(WITHOUT_BYTES).wasted_bytes) else {
        return;
    };
    assert!(
        wasted == 3_145_728,
        "Three downloads were cut, two of them after 3145728 bytes in all; the line of the third has no field `bytes`, and `wasted_bytes` is {wasted}. How far that one had come \
         is not known, and a guess, such as the whole file, is a figure in a report without a measurement: such a line adds no bytes."
    );
    let downloads = drawn();
    let Cost {
        severed,
        wasted_bytes: wasted,
        ..
    } = cost_of(&times(SEVERED, downloads));
    assert!(
        (severed, wasted) == (downloads, downloads * 1000),
        "{downloads} downloads were cut within one moment, each after 1000 bytes, so that their lines are equal to the last letter. `severed` is {severed}, and `wasted_bytes` is {wasted}: \
         equal lines are as many downloads."
    );
}

/// A log without a restart costs nothing.
pub fn a_log_without_a_restart_costs_nothing() {
    let cost = cost_of(QUIET);
    assert!(
        cost == Cost::default(),
        "No client was refused or cut in this log, and the answer is {cost:?}. A download that is finished \
         was not sent for nothing."
    );
    let cost = cost_of(NO_CLIENT);
    assert!(
        cost == Cost::default(),
        "This log has one line, `drain_refused`: an operator was told why a drain does not begin. No client was refused, and the answer is {cost:?}. A client that found no process has \
         a line `connect_refused`, by its whole name."
    );
}
