//! What a command prints that tells a server of new files goes where reloads are logged.

use std::fs;

use zdr::report::{Code, Finding};

use super::{BROKEN, Folder, PATIENT};

/// What is found of the bundled server, which follows its files, where this script tells it of them.
fn found(script: &str, code: i32) -> Vec<Finding> {
    let folder = Folder::new();
    let toml = format!(
        "command = [{BROKEN:?}, \"--certificate\", \"{{certificate}}\", \"--key\", \"{{key}}\", \"--roots\", \
         \"{{roots}}\", \"--port\", \"{{port}}\"]\n[reload]\ncommand = [\"sh\", \"-c\", '{script}']\n"
    );
    let done = folder.check(&toml, &PATIENT).end();
    done.says(code, &[]);
    let written = fs::read_to_string(folder.path("report.json")).unwrap();
    for text in [&done.out, &done.err, &written] {
        assert!(!text.contains("BEGIN PRIVATE KEY"), "{text}");
    }
    let findings = folder.report().findings;
    findings.into_iter().filter(Finding::fails).collect()
}

#[test]
fn a_command_that_prints_the_key_is_found() {
    let found = found("cat {key}", 1);
    let told = "lines that the `command` of `[reload]` printed hold bytes of a private key";
    assert!(!found.is_empty());
    for one in found {
        assert_eq!(one.code, Code::KeyInLog);
        assert!(one.words.contains(told), "{}", one.words);
    }
}

#[test]
fn a_command_that_names_the_file_of_the_key_passes() {
    assert!(found("echo reloading {key}", 0).is_empty());
}
