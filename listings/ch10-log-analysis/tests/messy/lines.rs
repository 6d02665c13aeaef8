//! Lines that are cut, that have no end, or that come from several files.

use std::io::{BufReader, Cursor};

use ch10_log_analysis::answers::Answers;
use ch10_log_analysis::read::{LONGEST, Lines, Merged};
use ch10_log_analysis::state::LogState;
use serde_json::json;

use super::{NOW, answers, at, loaded, log, opened, said};

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
        json!({"events": 2, "broken_lines": 3, "lost_lines": 0, "clock_set_back": 0, "unmeasured": 0})
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
    assert_eq!(broken, [Some("cut, or no JSON"), Some("too long"), None]);
    assert_eq!(all[1].text, "", "it is not kept");
    assert_eq!(all[2].number, 3);
}

/// A file that is truncated under a writer that does not append has a hole before the next line, as large as the file was.
#[test]
fn a_hole_before_a_line_is_no_part_of_it() {
    let hole = "\0".repeat(LONGEST * 2);
    let found = answers(&format!(
        "{hole}{}\n{hole}{}\n",
        loaded(0, 1, "a"),
        loaded(1, 2, "b")
    ));
    assert_eq!(found["log"]["broken_lines"], 0);
    assert_eq!(found["servers"][0]["reloads"]["loaded"], 2, "{found}");
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
    let (mut state, mut places) = (LogState::default(), Vec::new());
    while let Some(line) = merged.line().unwrap() {
        places.push((line.file, line.number));
        state.line(&line);
    }
    assert_eq!(places, [(1, 1), (1, 2), (0, 1), (1, 3), (0, 2), (0, 3)]);
    let answers = serde_json::to_value(Answers::of(&state, NOW)).unwrap();
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

/// An event that does not say when it happened is told, and is no whole line.
#[test]
fn an_event_without_a_time_is_broken() {
    let found = answers("{\"event\":\"listening\",\"port\":443}\n");
    assert_eq!(found["log"]["broken_lines"], 1);
    assert_eq!(found["servers"][0]["ports"], json!([443]));
}
