//! A learner's work is never lost.

use std::fs;
use std::process::Command;

use super::{Learner, of_cost};

#[test]
fn to_begin_writes_the_starter_and_never_over_an_answer() {
    let learner = Learner::new();
    learner.says(&["next"]);
    assert_eq!(learner.read("ch01/cost.rs"), of_cost("starter.rs"));
    learner.write("ch01/cost.rs", "// mine\n");
    learner.says(&["next"]);
    learner.says(&["next", "cost"]);
    assert_eq!(learner.read("ch01/cost.rs"), "// mine\n");
}

/// It belongs to the learner from then on: also where it is emptied, and where it leads elsewhere.
#[test]
fn what_an_assistant_is_told_is_written_once_and_kept() {
    let learner = Learner::new();
    learner.says(&["list"]);
    assert!(!learner.path().join("AGENTS.md").exists());
    learner.says(&["next"]);
    let told = learner.read("AGENTS.md");
    for rule in [
        "Ask before you tell",
        "Let them predict",
        "a `solution.*`, `wrong/` or `right/`",
    ] {
        assert!(told.contains(rule), "no `{rule}` in: {told}");
    }
    learner.write("AGENTS.md", "Answer in Latin.\n");
    learner.says(&["next", "drain"]);
    learner.says(&["reset", "drain"]);
    assert_eq!(learner.read("AGENTS.md"), "Answer in Latin.\n");
    learner.write("AGENTS.md", "");
    learner.says(&["next", "handover"]);
    assert_eq!(learner.read("AGENTS.md"), "");
    // A link that leads nowhere is something of that name, too.
    let file = learner.path().join("AGENTS.md");
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("elsewhere", &file).unwrap();
    learner.says(&["next", "swap"]);
    assert!(!learner.path().join("elsewhere").exists());
}

/// Each command that it names is one.
#[test]
fn what_an_assistant_is_told_names_what_there_is() {
    let learner = Learner::new();
    learner.says(&["next"]);
    let told = learner.read("AGENTS.md");
    let help = learner.says(&["--help"]);
    let commands = told.split("`cargo exercise ").skip(1);
    let commands: Vec<_> = commands
        .filter_map(|rest| rest.split([' ', '`']).next())
        .collect();
    assert!(commands.len() > 4, "{commands:?}");
    for command in commands {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "`{command}`: {help}"
        );
    }
}

#[test]
fn a_reset_keeps_each_answer_that_it_replaces() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    let said = learner.says(&["reset", "cost"]);
    assert!(
        said.contains("is the starter already: nothing was changed"),
        "{said}"
    );
    assert!(!learner.path().join("kept").exists());
    for (answer, kept) in [
        ("// first\n", "kept/ch01-cost-1.rs"),
        ("// second\n", "kept/ch01-cost-2.rs"),
    ] {
        learner.write("ch01/cost.rs", answer);
        let said = learner.says(&["reset", "ch01/cost"]);
        assert!(
            said.contains("is the starter again. Your answer is kept: ") && said.contains(kept),
            "{said}"
        );
        assert_eq!(learner.read("ch01/cost.rs"), of_cost("starter.rs"));
        assert_eq!(learner.read(kept), answer);
    }
    assert_eq!(learner.read("kept/ch01-cost-1.rs"), "// first\n");
}

/// As on a full disk: nothing can be written. The system's limit for a file's length does the same, without a disk of its own.
#[test]
fn where_nothing_can_be_written_an_answer_stays_and_no_starter_is_left_half() {
    let learner = Learner::new();
    learner.says(&["next", "cost"]);
    learner.write("ch01/cost.rs", "// my answer\n");
    let full = |words: &[&str]| {
        let usual = learner.command(words);
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
            .arg(usual.get_program())
            .args(usual.get_args())
            .env("ZERO_DOWNTIME_CHECKOUT", super::root());
        let output = limited.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", super::text(&output));
        super::text(&output)
    };
    let said = full(&["reset", "cost"]);
    assert!(said.contains("cost.rs: "), "{said}");
    assert_eq!(learner.read("ch01/cost.rs"), "// my answer\n");
    assert!(!learner.path().join("kept/ch01-cost-1.rs").exists());
    learner.says(&["reset", "cost"]);
    assert_eq!(learner.read("kept/ch01-cost-1.rs"), "// my answer\n");

    fs::remove_file(learner.path().join("ch01/cost.rs")).unwrap();
    full(&["next"]);
    assert!(!learner.path().join("ch01/cost.rs").exists());
    learner.says(&["next"]);
    assert!(learner.read("ch01/cost.rs").contains("This is the starter"));
}

#[test]
fn what_has_not_begun_is_neither_run_nor_reset() {
    let learner = Learner::new();
    for command in ["run", "reset"] {
        let said = learner.refused(&[command, "drain"]);
        let folder = learner.path().display();
        assert_eq!(
            said,
            format!(
                "error: drain has not begun: `cargo exercise next drain --folder {folder}` writes its starter\n"
            )
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let learner = Learner::new();
    // A file stands where the folder of chapter 1 has to be.
    fs::write(learner.path().join("ch01"), "").unwrap();
    let said = learner.refused(&["next"]);
    assert!(said.contains("ch01: File exists"), "{said}");
}
