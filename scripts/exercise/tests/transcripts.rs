//! What a learner sees, from the first command to the first exercise that is done.

use std::fs;

use snapbox::Data;
use snapbox::assert::Assert;

use super::{Learner, of_cost, root, text};

/// Runs each command of the transcript again, and compares. With `SNAPSHOTS=overwrite`, which `cargo record`
/// sets, writes it instead.
///
/// A learner's folder is shown as `exercises`, where it lies unless another one is named.
#[test]
fn a_session_shows_what_it_showed() {
    let path = root().join("scripts/exercise/transcripts/session.console");
    let recorded = fs::read_to_string(&path).unwrap();
    let learner = Learner::new();
    let folder = learner.path().to_str().unwrap();
    let mut shown = String::new();
    for line in recorded.lines() {
        // A page shows one part at a time.
        if line.starts_with("ANCHOR") {
            shown += &format!("{line}\n");
        }
        let Some(command) = line.strip_prefix("$ ") else {
            continue;
        };
        let words = shlex::split(command).unwrap();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let said = match words[..] {
            ["cargo", "exercise", ref words @ ..] => text(&learner.run(words)),
            ["cp", from, to] => {
                let to = to.strip_prefix("exercises").unwrap();
                fs::copy(root().join(from), format!("{folder}{to}")).unwrap();
                String::new()
            }
            _ => panic!("`{command}` is no command of this transcript"),
        };
        let said = said.replace(&format!(" --folder {folder}"), "");
        shown += &format!("{line}\n{}", said.replace(folder, "exercises"));
    }
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.eq(shown, Data::read_from(&path, None).raw());
}

/// Three learners: one who did three exercises, one who is stuck and has looked at a solution, and one whose record
/// says more than the answer holds.
#[test]
fn a_class_is_graded_as_it_was() {
    let path = root().join("scripts/exercise/transcripts/class.console");
    let recorded = fs::read_to_string(&path).unwrap();
    let class = Learner::new();
    let learner = |name: &str| class.path().join(name).display().to_string();
    let run = |name: &str, words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exercise"));
        let command = command.args(words).args(["--folder", &learner(name)]);
        let output = command.env("ZERO_DOWNTIME_CHECKOUT", root()).output();
        text(&output.unwrap())
    };
    let chapter_1 = root().join("listings/ch01-restart-baseline/exercises");
    for (exercise, folder) in [
        ("cost", "1-cost"),
        ("handover", "2-handover"),
        ("drain", "3-drain"),
    ] {
        run("ada", &["next", exercise]);
        let solution = fs::read(chapter_1.join(folder).join("solution.rs")).unwrap();
        fs::write(
            class.path().join(format!("ada/ch01/{exercise}.rs")),
            solution,
        )
        .unwrap();
        let said = run("ada", &["run", exercise]);
        assert!(said.contains("Done."), "{said}");
    }
    run("ben", &["next"]);
    class.write("ben/ch01/cost.rs", &of_cost("wrong/refusals-only.rs"));
    let said = run("ben", &["run"]);
    assert!(said.contains("Not yet"), "{said}");
    for _ in 0..3 {
        run("ben", &["hint"]);
    }
    run("ben", &["solution"]);
    run("eve", &["next"]);
    // A solution that is shown afterwards is for comparing.
    let record = r#"{"format":1,"exercises":{
        "cost":{"runs":1,"solution_shown":"2026-11-27T09:05:00Z","done":"2026-11-27T09:00:00Z"},
        "handover":{"runs":1,"solution_shown":"2026-11-27T09:10:00Z","done":"2026-11-27T09:15:00Z"}}}"#;
    class.write("eve/progress.json", record);

    let mut shown = String::new();
    for line in recorded.lines() {
        let Some(command) = line.strip_prefix("$ cargo exercise ") else {
            continue;
        };
        let folder = class.path().to_str().unwrap();
        let words = shlex::split(command).unwrap();
        let words = words
            .iter()
            .map(|word| if word == "class-of-26" { folder } else { word });
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exercise"));
        let output = command
            .args(words)
            .env("ZERO_DOWNTIME_CHECKOUT", root())
            .output();
        shown += &format!("{line}\n{}", text(&output.unwrap()));
    }
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    assert.eq(shown, Data::read_from(&path, None).raw());
}
