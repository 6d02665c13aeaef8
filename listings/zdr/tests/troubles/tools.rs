//! What is not a check.

use std::fs;
use std::process::Command;

use super::{Folder, Running};

#[test]
fn help_has_examples_and_codes() {
    let folder = Folder::new();
    for arguments in [&["--help"][..], &["check", "--help"]] {
        let done = folder.run(arguments);
        done.says(0, &[]);
        assert!(done.out.contains("Examples:\n  zdr check"), "{}", done.out);
    }
    let help = folder.run(&["--help"]).out;
    for code in ["0 ", "1 ", "2 ", "3 ", "130"] {
        assert!(help.contains(&format!("\n  {code}")), "{help}");
    }
    assert!(!help.contains("guard"), "{help}");
}

/// What clap does not break itself, and what it would break between a command and its comment.
#[test]
fn examples_fit_a_terminal_of_eighty_columns() {
    let folder = Folder::new();
    for command in [&[][..], &["check"], &["watch"], &["check-client"], &["log"]] {
        let help = folder.run(&[command, &["--help"]].concat()).out;
        let (options, examples) = help.split_once("\nExamples:\n").expect("examples");
        let wide = |text: &str, most: usize| {
            let wide = text.lines().find(|line| line.chars().count() > most);
            wide.map(ToOwned::to_owned)
        };
        assert_eq!(wide(examples, 80), None, "{command:?}");
        // No terminal says how wide it is, so the rest is broken at clap's own width.
        assert_eq!(wide(options, 100), None, "{command:?}");
    }
}

/// The guard removes the directory of a run, and none that somebody else names.
#[test]
fn the_guard_spares_what_no_run_has_made() {
    let folder = Folder::new();
    fs::create_dir(folder.path("precious")).unwrap();
    // It is no process, so the guard begins at once.
    let done = folder.run(&["guard", "4194304", "precious"]);
    done.says(3, &["precious is no directory of a run"]);
    assert!(folder.path("precious").is_dir());
}

#[test]
fn the_schema_is_the_committed_one() {
    let done = Folder::new().run(&["schema"]);
    done.says(0, &[]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/report.schema.json");
    let committed = fs::read_to_string(file).unwrap();
    assert!(done.out == committed, "{file} is another: zdr schema");
}

#[test]
fn completions_are_what_the_shell_can_read() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let done = folder.run(&["completions", shell]);
        done.says(0, &[]);
        for option in ["rotations", "command", "plan"] {
            assert!(done.out.contains(option), "{shell}: {option}");
        }
        assert!(!done.out.contains("guard"), "{shell}: the guard is ours");
        let file = folder.write(shell, &done.out);
        if shell == "bash" && lab_test::peer::find(shell).is_some() {
            let mut command = Command::new(shell);
            Running::start(command.arg("-n").arg(&file))
                .end()
                .says(0, &[]);
        }
    }
}

/// Each command has its page, in the format that `man` reads, and with the options of its help.
#[test]
fn manual_pages_have_every_command() {
    let folder = Folder::idle();
    let done = folder.run(&["man", "check"]);
    done.says(0, &[]);
    for part in [
        ".TH zdr-check 1",
        "\\-\\-command",
        "\\-\\-plan",
        "signal:HUP",
    ] {
        assert!(done.out.contains(part), "{part}: {}", done.out);
    }
    fs::create_dir(folder.path("man")).unwrap();
    folder.run(&["man", "--to", "man"]).says(0, &[]);
    for page in ["zdr.1", "zdr-check.1", "zdr-init.1", "zdr-rotate.1"] {
        let text = fs::read_to_string(folder.path("man").join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
        let foot = concat!("\"zdr ", env!("CARGO_PKG_VERSION"), "\"");
        let title = text.lines().find(|line| line.starts_with(".TH"));
        assert!(title.is_some_and(|title| title.contains(foot)), "{title:?}");
    }
    assert!(
        !folder.path("man/zdr-guard.1").exists(),
        "the guard is ours"
    );
    folder
        .run(&["man", "checks"])
        .says(3, &["no command `checks`"]);
    folder.run(&["man", "--to", "absent"]).says(3, &["absent"]);
}
