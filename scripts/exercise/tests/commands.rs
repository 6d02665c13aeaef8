//! The commands that build nothing: names, hints, solutions and the record.

use std::fs;
use std::io;
#[cfg(target_os = "linux")]
use std::process::Command;

use super::Learner;

#[test]
fn an_exercise_is_named_in_each_of_its_ways() {
    let learner = Learner::new();
    for name in [
        "drain",
        "ch01-drain",
        "ch01/drain",
        "exercises/ch01/drain.rs",
    ] {
        let said = learner.says(&["next", name]);
        assert!(
            said.starts_with("Drain  drain, exercise 3 of "),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_name_that_is_none_is_refused_with_one_that_is_near() {
    let learner = Learner::new();
    let said = learner.refused(&["next", "drian"]);
    let list = format!(
        "`cargo exercise list --folder {}` lists all of them\n",
        learner.path().display()
    );
    assert_eq!(
        said,
        format!("error: there is no exercise `drian`. Did you mean `drain`? {list}")
    );
    // The name of another track, without the track.
    let said = learner.refused(&["next", "swap-go"]);
    assert!(
        said.contains("Did you mean `swap-go --track go`? `cargo"),
        "{said}"
    );
    let said = learner.refused(&["next", "lunch"]);
    assert_eq!(said, format!("error: there is no exercise `lunch`. {list}"));
    let said = learner.refused(&["next", "lunch", "--track", "go"]);
    let words = "there is no exercise `lunch` in Go. `cargo exercise list --folder ";
    assert!(said.contains(words), "{said}");
    assert!(said.contains(" --track go` lists"), "{said}");
}

#[test]
fn hints_come_one_by_one_and_then_all() {
    let learner = Learner::new();
    for number in 1..=3 {
        let said = learner.says(&["hint", "cost"]);
        assert!(said.starts_with(&format!("Hint {number} of 3\n")), "{said}");
        assert_eq!(said.matches("Hint ").count(), 1);
    }
    let said = learner.says(&["hint", "cost"]);
    assert_eq!(said.matches("Hint ").count(), 3, "{said}");
}

#[test]
fn a_solution_waits_for_the_hints_unless_it_is_wanted_now() {
    let learner = Learner::new();
    let said = learner.refused(&["solution", "cost"]);
    assert!(
        said.contains("cost is not done, and 3 of its hints were not shown"),
        "{said}"
    );
    let folder = learner.path().display();
    let hint = format!("`cargo exercise hint cost --folder {folder}`");
    assert!(said.contains(&hint), "{said}");
    let said = learner.says(&["solution", "cost", "--now"]);
    assert!(
        said.contains("pub fn cost(log: &[Event]) -> Cost {") && !said.contains("ANCHOR"),
        "{said}"
    );
    assert!(
        said.contains("exercises/1-cost/wrong/refusals-only.rs"),
        "{said}"
    );
    for _ in 0..3 {
        learner.says(&["hint", "drain"]);
    }
    learner.says(&["solution", "drain"]);
}

/// A solution that was looked at before anything was written is on the record as well.
#[test]
fn progress_tells_in_words_what_was_done_and_looked_at() {
    let learner = Learner::new();
    learner.write(
        "progress.json",
        r#"{"format":1,"exercises":{"cost":{"runs":1},"drain":{"runs":2}}}"#,
    );
    learner.says(&["solution", "handover", "--now"]);
    let said = learner.says(&["progress"]);
    for line in [
        "new    cost        1 run, 0 of 3 hints\n",
        "new    handover    0 runs, 0 of 3 hints, solution shown\n",
        "new    drain       2 runs, 0 of 3 hints\n",
    ] {
        assert!(said.contains(line), "no `{line}` in: {said}");
    }
}

#[test]
fn a_teacher_reads_what_was_done() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    learner.says(&["hint", "cost"]);
    learner.says(&["solution", "cost", "--now"]);
    let report: serde_json::Value =
        serde_json::from_str(&learner.says(&["progress", "--json"])).unwrap();
    assert_eq!((&report["format"], &report["done"]), (&1.into(), &0.into()));
    let cost = &report["exercises"][0];
    assert_eq!(cost["exercise"], "cost");
    assert_eq!(
        (&cost["state"], &cost["hints"], &cost["runs"]),
        (&"begun".into(), &1.into(), &0.into())
    );
    assert!(
        cost["solution_shown"].as_str().unwrap().ends_with('Z'),
        "{cost}"
    );
    assert!(
        cost.get("done").is_none() && cost.get("passes").is_none(),
        "{cost}"
    );
    assert_eq!(report["exercises"][1]["state"], "new");
    assert_eq!(report["of"], report["exercises"].as_array().unwrap().len());
}

/// What cannot be read is told, and never written over.
#[test]
fn a_record_that_cannot_be_read_is_left_alone() {
    let learner = Learner::new();
    for (record, why) in [
        ("{\"format\":1,", "EOF while parsing"),
        (
            "{\"format\":2}",
            "it has format 2, and this program knows 1",
        ),
        (
            "{\"format\":1,\"exercises\":{\"cost\":{\"ruined\":1}}}",
            "unknown field `ruined`",
        ),
    ] {
        learner.write("progress.json", record);
        for command in [&["list"][..], &["hint", "cost"], &["next"]] {
            let said = learner.refused(command);
            assert!(
                said.contains("progress.json: ") && said.contains(why),
                "{said}"
            );
            assert!(said.contains("Nothing was changed"), "{said}");
        }
        assert_eq!(learner.read("progress.json"), record);
    }
    fs::remove_file(learner.path().join("progress.json")).unwrap();
    learner.says(&["list"]);
}

/// Among the folders of a class, one is a stranger's. If its record were read to its end, a pipe would be waited for and a
/// device would fill the memory: this program is given a minute, and four gigabytes.
#[cfg(target_os = "linux")]
#[test]
fn a_record_that_has_no_end_is_left_alone() {
    let class = tempfile::tempdir().unwrap();
    for learner in ["device", "large", "link", "pipe", "sound"] {
        fs::create_dir(class.path().join(learner)).unwrap();
    }
    let record = |learner: &str| class.path().join(learner).join("progress.json");
    std::os::unix::fs::symlink("/dev/zero", record("device")).unwrap();
    let large = fs::File::create(record("large")).unwrap();
    large.set_len(8 << 30).unwrap();
    fs::write(record("sound"), r#"{"format":1,"exercises":{}}"#).unwrap();
    std::os::unix::fs::symlink("../sound/progress.json", record("link")).unwrap();
    let mut pipe = Command::new("mkfifo");
    assert!(pipe.arg(record("pipe")).status().unwrap().success());

    let output = Command::new("sh")
        .args(["-c", "ulimit -v 4194304; exec timeout 60 \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_exercise"))
        .args(["class", "--json"])
        .arg(class.path())
        .env("ZERO_DOWNTIME_CHECKOUT", super::root())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", super::text(&output));
    let members: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let trouble = |number: usize| members[number]["trouble"].as_str().unwrap_or_default();
    for (number, why) in [
        (0, "it is no file that holds anything"),
        (1, "it is larger than any record"),
        (3, "it is no file that holds anything"),
    ] {
        assert!(trouble(number).contains(why), "{members}");
    }
    assert_eq!([trouble(2), trouble(4)], ["", ""], "{members}");
}

/// What is to be read is broken between words. What is to be copied is broken nowhere.
#[test]
fn words_are_no_wider_than_the_terminal() {
    let learner = Learner::new();
    let next = |columns: &str| {
        let mut command = learner.command(&["next", "alarms"]);
        let output = command.env("COLUMNS", columns).output().unwrap();
        assert!(output.status.success(), "{}", super::text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let task = |said: &str| {
        let lines = said.lines().skip_while(|line| !line.is_empty()).skip(1);
        let lines = lines.take_while(|line| !line.is_empty());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let widest = |said: &str| task(said).iter().map(String::len).max().unwrap();
    let usual = learner.says(&["next", "alarms"]);
    assert!((61..=80).contains(&widest(&usual)), "{usual}");
    for (columns, wide) in [("60", 60), ("1", 40)] {
        let narrow = next(columns);
        assert!(widest(&narrow) <= wide, "{narrow}");
        let words = |said| task(said).concat().replace(' ', "");
        assert_eq!(words(&narrow), words(&usual));
        let path = "test.rs";
        assert!(narrow.lines().any(|line| line.ends_with(path)), "{narrow}");
    }
    // A wide terminal does not make long lines, and what is no number says nothing.
    for columns in ["400", "wide", ""] {
        assert_eq!(next(columns), usual, "{columns}");
    }
}

/// Also the list, and the title of an exercise.
#[test]
fn a_list_is_no_wider_than_the_terminal() {
    let learner = Learner::new();
    for (track, columns) in [("rust", 40), ("go", 40), ("python", 40), ("go", 60)] {
        let at = |columns: usize| {
            let mut command = learner.command(&["list", "--track", track]);
            let output = command.env("COLUMNS", columns.to_string()).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        let said = at(columns);
        // The last line is a command, to be copied.
        let lines = said.lines().filter(|line| !line.starts_with("Next: "));
        let wide = lines.max_by_key(|line| line.chars().count()).unwrap();
        assert!(wide.chars().count() <= columns, "{columns}: {wide}");
        let words = |said: &str| {
            said.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&said), words(&at(80)));
        assert!(
            said.contains("\nNext: cargo exercise next --folder "),
            "{said}"
        );
        let mut command = learner.command(&["next", "retries", "--track", track]);
        let said = command
            .env("COLUMNS", columns.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let title = said.lines().take_while(|line| !line.is_empty());
        let wide = title.max_by_key(|line| line.chars().count()).unwrap();
        assert!(wide.chars().count() <= columns, "{columns}: {wide}");
    }
}

/// As `head` does, which ends once it has its lines.
#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let learner = Learner::new();
    for words in [&["list"][..], &["next"], &["progress", "--json"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = learner.command(words).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "", "{words:?}");
        assert_eq!(output.status.code(), Some(1), "{words:?}");
    }
}

/// Colours go to a terminal, or where they are forced, and nowhere else.
#[test]
fn a_pipe_gets_no_colours() {
    let learner = Learner::new();
    assert!(!learner.says(&["list"]).contains('\x1b'));
    let forced = learner
        .command(&["list"])
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    assert!(String::from_utf8(forced.stdout).unwrap().contains("\x1b["));
    let mut refused = learner.command(&["list"]);
    refused.env("CLICOLOR_FORCE", "0").env("NO_COLOR", "1");
    assert!(!super::text(&refused.output().unwrap()).contains('\x1b'));
}

#[test]
fn without_the_variable_of_cargo_it_is_said_how_to_run_it() {
    let learner = Learner::new();
    let mut command = learner.command(&["list"]);
    let output = command
        .env_remove("ZERO_DOWNTIME_CHECKOUT")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = super::text(&output);
    assert!(
        said.contains("run this as `cargo exercise`, in the folder of the book"),
        "{said}"
    );
}

#[test]
fn a_class_without_learners_is_refused_and_a_record_that_cannot_be_read_hides_no_other() {
    let class = Learner::new();
    let folder = class.path().to_str().unwrap();
    let run = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exercise"));
        command
            .args(["class", folder])
            .env("ZERO_DOWNTIME_CHECKOUT", super::root());
        command.output().unwrap()
    };
    let none = run();
    assert_eq!(none.status.code(), Some(1));
    let said = super::text(&none);
    assert!(
        said.contains("there is no folder of a learner in it"),
        "{said}"
    );
    // A file, and what is hidden, is no learner.
    class.write("notes.txt", "");
    fs::create_dir(class.path().join(".git")).unwrap();
    for learner in ["ada", "ben"] {
        fs::create_dir(class.path().join(learner)).unwrap();
    }
    class.write("ada/progress.json", "{");
    class.write(
        "ben/progress.json",
        r#"{"format":1,"exercises":{"cost":{"runs":7}}}"#,
    );
    let broken = run();
    assert_eq!(broken.status.code(), Some(1));
    let said = super::text(&broken);
    assert!(
        said.contains("not all could be read: ")
            && said.contains("ada/progress.json: EOF while parsing"),
        "{said}"
    );
    assert!(
        said.ends_with("ben         0    0     7      0\n"),
        "{said}"
    );
    fs::remove_dir_all(class.path().join("ben")).unwrap();
    fs::remove_file(class.path().join("ada/progress.json")).unwrap();
    let said = super::text(&run());
    assert!(
        said.ends_with("hints\nada         0    0     0      0\n"),
        "{said}"
    );
}
