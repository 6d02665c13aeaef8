//! Where a rule begins to hold, and where it ends: the last line that fits, the last second that is allowed.

use std::io::{BufRead, BufReader, Cursor};
use std::time::Duration;

use ch10_log_analysis::assertion::{Assertions, Verdict, What};
use ch10_log_analysis::read::{LONGEST, Lines, Merged};
use ch10_log_analysis::{Lie, Sighting, cross_check};
use lab::event::Event;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::messy::{NOW, answers, at, loaded, log, said, state};

fn events(log: &str) -> Vec<Event> {
    log.lines()
        .map(|line| Event::parse(line).unwrap())
        .collect()
}

/// A handshake, in milliseconds after the new year.
fn saw(ms: i64, serial: &str) -> Sighting {
    let at = datetime!(2026-01-01 00:00 UTC) + time::Duration::milliseconds(ms);
    Sighting {
        at,
        done: at,
        serial: serial.into(),
        resumed: false,
    }
}

#[test]
fn the_longest_line_that_is_kept() {
    for (length, kept) in [(LONGEST, true), (LONGEST + 1, false)] {
        let mut lines = Lines::new(Cursor::new("x".repeat(length) + "\n"), 0);
        let line = lines.whole().unwrap().unwrap();
        assert_eq!(line.text.len() == length, kept, "{length}");
    }
}

/// What a compressed log begins with is no more than bytes in the middle of a line.
#[test]
fn a_log_is_foreign_by_its_first_bytes_alone() {
    const BLOCK: usize = 4096;
    let long = "x".repeat(LONGEST + BLOCK);
    for before in [
        long.as_str(),
        &"x".repeat(BLOCK),
        &("x".repeat(BLOCK - 1) + "\n"),
    ] {
        let mut log = before.as_bytes().to_vec();
        log.extend(b"\x1f\x8b\n");
        let ends = log.iter().filter(|byte| **byte == b'\n').count();
        // It is looked at in blocks, and one of them begins so.
        let mut lines = Lines::new(BufReader::with_capacity(BLOCK, Cursor::new(log)), 0);
        let mut read = 0;
        while lines.whole().unwrap().is_some() {
            read += 1;
        }
        assert_eq!(read, ends, "{} bytes before it", before.len());
    }
}

/// Of two lines of one moment, that of the file that was named first.
#[test]
fn lines_of_one_moment_come_in_the_order_of_their_files() {
    let files = ["a", "b", "c"].map(|serial| log([loaded(1, 1, serial), loaded(2, 2, serial)]));
    let readers = files.map(|text| Box::new(Cursor::new(text)) as Box<dyn BufRead + Send>);
    let mut merged = Merged::of(readers.into()).unwrap();
    let mut order = Vec::new();
    while let Some(line) = merged.line().unwrap() {
        order.push((line.number, line.file));
    }
    // A file's second line comes after all first ones.
    assert_eq!(order, [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]);
}

/// A clock is set back once. What comes after is measured by the new time.
#[test]
fn a_clock_that_is_set_back_once_is_counted_once() {
    let set_back = log([100, 40, 41, 42].map(|second| loaded(second, 1, "a")));
    assert_eq!(answers(&set_back)["log"]["clock_set_back"], 1);
    // Lines of one second may change places.
    let changed = log([100, 99].map(|second| loaded(second, 1, "a")));
    assert_eq!(answers(&changed)["log"]["clock_set_back"], 0);
}

/// A log may hold any word where a closed set is meant. It does not fill the memory.
#[test]
fn what_no_sane_log_holds_is_not_kept() {
    let of = |number: usize| {
        let refused = format!(r#""event":"identity_rejected","generation":1,"reason":"r{number}""#);
        let listening = format!(r#""event":"listening","port":{}"#, number + 1);
        log([at(1, &refused), at(1, &listening)])
    };
    let found = answers(&(0..300).map(of).collect::<String>());
    let server = &found["servers"][0];
    let kept = |value: &Value| value.as_object().map_or(0, serde_json::Map::len);
    assert_eq!(kept(&server["reloads"]["refused"]), 100, "{server}");
    let ports = server["ports"].as_array().unwrap();
    assert_eq!(ports.len(), 100, "{server}");
}

/// The same complaint, again and again: it began with the first.
#[test]
fn an_alarm_that_is_repeated_began_with_the_first() {
    let exposed = r#""event":"key_exposed","file":"/x/tls.key","mode":"0644""#;
    let said = said(&log([1, 30, 60].map(|second| at(second, exposed))));
    assert!(said.contains("since 2026-01-01T00:00:01Z"), "{said}");
}

/// It was mended by the first generation that was loaded afterwards.
#[test]
fn what_was_refused_was_mended_once() {
    let refused = r#""event":"identity_rejected","generation":1,"reason":"truncated""#;
    let [first, next, last] = [(1, 1, "a"), (3, 2, "b"), (4, 3, "c")]
        .map(|(second, generation, serial)| loaded(second, generation, serial));
    let found = answers(&log([first, at(2, refused), next, last]));
    let last = &found["servers"][0]["reloads"]["last_refused"];
    assert_eq!(last["mended_by"], json!(2), "{found}");
}

/// Files that were bad, and are again what is served, are no longer refused.
#[test]
fn what_was_refused_is_mended_by_the_files_of_before() {
    let refused = r#""event":"identity_rejected","generation":1,"reason":"missing""#;
    let again = r#""event":"reload_skipped","generation":1,"why":"unchanged""#;
    let began = log([loaded(1, 1, "a"), at(2, refused)]);
    let found = said(&began);
    assert!(
        found.contains("NOT mended: generation 1 goes on"),
        "{found}"
    );
    let found = said(&(began + &at(3, again)));
    let mended = "mended: the files are again those of generation 1";
    assert!(found.contains(mended) && !found.contains("NOT"), "{found}");
}

/// A fault of trust anchors is told before each renewal for as long as it lasts. After one that nothing was told
/// before, it is over; a generation with the leaf of before is none.
#[test]
fn trust_anchors_are_rejected_until_a_renewal_says_nothing_of_them() {
    let fault = r#""event":"trust_rejected","file":"/x/ca.crt","reason":"truncated""#;
    let raised = |log: &str| said(log).contains("trust_rejected: /x/ca.crt");
    let began = log([loaded(1, 1, "a"), at(2, fault)]);
    assert!(raised(&began));
    let lasts = began + &log([at(3, fault), loaded(4, 2, "b")]);
    assert!(raised(&lasts));
    let same = lasts + &log([loaded(5, 3, "b")]);
    assert!(raised(&same));
    assert!(!raised(&(same + &loaded(6, 4, "c"))));
}

/// Where the wire alone is asked, nothing is claimed of the log, and it may be empty.
#[test]
fn no_claim_holds_of_an_empty_log() {
    let none = Assertions::new([]);
    assert_eq!(none.verdict(&state(""), NOW), Verdict::Holds);
}

/// As long as is wanted, to the second.
#[test]
fn valid_for_as_long_as_is_wanted() {
    let only = loaded(1, 1, "a");
    let verdict = |seconds| {
        let wanted = Duration::from_secs(seconds);
        let mut all = Assertions::new([What::ValidFor(wanted)]);
        let mut lines = Lines::new(Cursor::new(format!("{only}\n")), 0);
        let line = lines.whole().unwrap().unwrap();
        all.line(&line, &|_| "here".into());
        all.verdict(&state(&only), NOW)
    };
    // It ends fifty minutes from now.
    assert_eq!(verdict(3000), Verdict::Holds);
    assert!(matches!(verdict(3001), Verdict::NotYet(_)));
}

/// Three generations within the slack: a client that was shown the first of them must have been shown the
/// second, and the third need not have reached its worker.
#[test]
fn a_lie_is_told_by_the_generation_that_was_due() {
    let claimed = [(1, "a"), (2, "b"), (3, "c")]
        .map(|(number, serial)| loaded(number, number.into(), serial));
    let lies = cross_check(
        &events(&log(claimed)),
        &[saw(3_500, "a")],
        Duration::from_secs(1),
    );
    let [Lie::LoadedNotShown { generation, .. }] = lies[..] else {
        panic!("{lies:?}");
    };
    assert_eq!(generation, 2);
}

/// The log begins in the middle, and then its clock is set back: until when it is silent cannot be told.
#[test]
fn a_silence_by_another_clock_has_no_end() {
    let other = r#""event":"listening","port":443"#;
    let claimed = events(&log([loaded(1, 5, "e"), at(90, other), at(2, other)]));
    assert!(cross_check(&claimed, &[saw(50_000, "d")], Duration::from_millis(100)).is_empty());
}
