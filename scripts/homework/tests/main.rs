//! The sheets of questions: the same for each learner with one seed, and answered by the chapter's own reader.

mod flight;
mod health;
mod schedule;
mod trust;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use ch05_race_conditions::explorer::{Served, Subject};
use ch05_race_conditions::writer::Writer;
use homework::ch05::{self, Meeting, because, why};
use snapbox::Data;
use snapbox::assert::Assert;

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_homework"))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs this to its end, by a clock that stands still while anything can go on.
fn virtual_time<T>(happens: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(happens)
}

mod transcripts {
    use super::*;

    /// Prints the sheets of the transcripts again, and compares. With `SNAPSHOTS=overwrite`, which `cargo record`
    /// sets, writes them instead. That they are the same in each run is what a class needs.
    #[test]
    fn one_seed_is_one_sheet() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["homework", "trust"] {
            let path = here.join(format!("transcripts/{name}.console"));
            let recorded = fs::read_to_string(&path).unwrap();
            let command = recorded.lines().next().unwrap();
            let words = command.strip_prefix("$ cargo exercise homework ").unwrap();
            let words: Vec<_> = words.split(' ').collect();
            let shown = format!("{command}\n{}", printed(&words));
            let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
            assert.eq(shown, Data::read_from(&path, None).raw());
        }
    }
}

#[test]
fn a_sheet_has_no_answers_until_they_are_asked_for() {
    let seed = ["ch05", "--seed", "3"];
    let (asked, solved) = (printed(&seed), printed(&[&seed[..], &["--solve"]].concat()));
    assert!(
        !asked.contains("served:") && solved.contains("served:"),
        "{solved}"
    );
    // The same questions.
    let questions = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains(" step "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(questions(&asked), questions(&solved));
    assert!(!questions(&asked).is_empty());
}

/// Ten writers and two readers: whatever comes up is explained, and each kind of answer comes up.
#[test]
fn each_answer_is_explained() {
    let (mut served, mut reasons) = (BTreeSet::new(), BTreeSet::new());
    let mut states = Vec::new();
    for writer in Writer::all() {
        for reader in Subject::ALL {
            let meeting = Meeting::between(writer, reader).unwrap();
            states.push(((writer, reader), meeting.questions().len()));
            for question in meeting.questions() {
                served.insert(question.served);
                assert!(!why(question).contains(&""), "{question:?}");
                if let Some(reason) = question.rejected {
                    assert!(!because(reason).is_empty(), "{reason}");
                    reasons.insert(reason);
                }
                // The reader of chapter 5 never serves what it must not.
                assert!(
                    reader != Subject::Ours || !question.served.is_wrong(),
                    "{question:?}"
                );
            }
        }
    }
    for one in [Served::Old, Served::New, Served::Cut] {
        assert!(served.contains(&one), "{served:?}");
    }
    for one in ["truncated", "pair_mismatch", "missing"] {
        assert!(reasons.contains(one), "{reasons:?}");
    }
    no_two_seeds_share_a_sheet(&states);
}

/// What is asked follows from who meets and from how many states these have. In two hundred seeds it is never the same.
fn no_two_seeds_share_a_sheet(states: &[((Writer, Subject), usize)]) {
    let mut sheets = BTreeSet::new();
    for seed in 0..200 {
        let asked = ch05::drawn(seed).into_iter().zip(ch05::QUESTIONS);
        let asked = asked.map(|((writer, reader, lot), questions)| {
            let of = |((of, by), _): &&(_, usize)| *of == writer && *by == reader;
            let (_, states) = states.iter().find(of).unwrap();
            let chosen = ch05::chosen(lot, *states, questions);
            assert!(!chosen.is_empty(), "seed {seed}");
            format!("{} {reader:?} {chosen:?}", writer.name())
        });
        let asked: Vec<_> = asked.collect();
        assert!(
            sheets.insert(asked.clone()),
            "seed {seed} is as an earlier one: {asked:?}"
        );
    }
}

/// As with chapter 5: what happens is never the same.
#[test]
fn no_two_seeds_of_a_class_share_a_scene() {
    fn differ<T: std::fmt::Debug>(drawn: impl Fn(u64) -> T) {
        let mut seen = BTreeSet::new();
        for seed in 0..200 {
            let scene = format!("{:?}", drawn(seed));
            assert!(
                seen.insert(scene.clone()),
                "seed {seed} is as an earlier one: {scene}"
            );
        }
    }
    differ(homework::ch06::drawn);
    differ(homework::ch07::drawn);
}

/// Each chapter that has sheets.
const CHAPTERS: [&str; 5] = ["ch05", "ch06", "ch07", "ch08", "ch09"];

/// The sheets of a chapter with their answers, of the seeds from 0 to 4: printed once for all tests.
fn solved(chapter: usize) -> &'static [String; 5] {
    static SHEETS: [OnceLock<[String; 5]>; CHAPTERS.len()] =
        [const { OnceLock::new() }; CHAPTERS.len()];
    let sheet = |seed| printed(&[CHAPTERS[chapter], "--seed", seed, "--solve"]);
    SHEETS[chapter].get_or_init(|| ["0", "1", "2", "3", "4"].map(sheet))
}

#[test]
fn seeds_differ_and_one_seed_is_one_sheet() {
    for (at, chapter) in CHAPTERS.into_iter().enumerate() {
        let sheets = solved(at);
        // Behind the line that names the seed.
        let rest = |sheet: &String| sheet.split_once('\n').unwrap().1.to_owned();
        let differ: BTreeSet<_> = sheets.iter().map(rest).collect();
        assert_eq!(differ.len(), sheets.len(), "{chapter}");
        let again = printed(&[chapter, "--seed", "1", "--solve"]);
        assert_eq!(again, sheets[1], "{chapter}");
    }
}

/// A terminal of 80 columns has room for each line.
#[test]
fn no_line_is_wider_than_a_terminal() {
    for (at, chapter) in CHAPTERS.into_iter().enumerate() {
        for (seed, sheet) in solved(at).iter().enumerate() {
            for line in sheet.lines() {
                assert!(line.chars().count() <= 80, "{chapter}, seed {seed}: {line}");
            }
        }
    }
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_homework"))
        .args(["ch07", "--seed", "7"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_chapter_without_homework_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_homework"))
        .args(["ch01", "--seed", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("invalid value 'ch01'") && said.contains("ch05"),
        "{said}"
    );
}
