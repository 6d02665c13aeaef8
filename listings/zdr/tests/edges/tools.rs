//! What is not a check.

use std::fs;
use std::process::Command;

use crate::{Folder, Running};

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

#[test]
fn the_schema_is_the_committed_one() {
    let done = Folder::new().run(&["schema"]);
    done.says(0, &[]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/report.schema.json");
    assert_eq!(done.out, fs::read_to_string(file).unwrap());
}

#[test]
fn completions_are_what_the_shell_can_read() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let done = folder.run(&["completions", shell]);
        done.says(0, &[]);
        assert!(done.out.contains("rotations"), "{shell}");
        let file = folder.write(shell, &done.out);
        if shell == "bash" && lab::peer::find(shell).is_some() {
            let mut command = Command::new(shell);
            Running::start(command.arg("-n").arg(&file))
                .end()
                .says(0, &[]);
        }
    }
}
