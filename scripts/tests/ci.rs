//! Steps of `.ci/run`, each with a program in place of cargo that says and does what is wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

/// Runs one function of `.ci/run` as it does, in this folder, with a cargo that is a script.
fn step(name: &str, at: &Path, cargo: &str) -> Output {
    let programs = tempfile::tempdir().unwrap();
    let path = programs.path().join("cargo");
    fs::write(&path, format!("#!/bin/sh\n{cargo}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let all = fs::read_to_string(scripts::root().unwrap().join(".ci/run")).unwrap();
    let (_, body) = all.split_once(&format!("\n{name}() ")).unwrap();
    let end = if body.starts_with('(') { "\n)" } else { "\n}" };
    let (body, _) = body.split_once(end).unwrap();
    let script = format!("set -euo pipefail\n{name}() {body}{end}\n{name}");
    let search = std::env::var("PATH").unwrap();
    let temporary = programs.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    // As a shell has it that came by a link.
    let run = Command::new("bash")
        .args(["-c", &format!("cd '{}'\n{script}", at.display())])
        .env("PATH", format!("{}:{search}", programs.path().display()))
        .env("TMPDIR", &temporary)
        .output();
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0, "{name}");
    run.unwrap()
}

#[track_caller]
fn fails(output: &Output, said: &str) {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    let all = String::from_utf8_lossy(&all);
    assert_eq!(output.status.code(), Some(1), "{all}");
    assert!(all.contains(said), "{all}");
}

#[track_caller]
fn passes(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_is_compiled_twice_is_found() {
    let root = scripts::root().unwrap().canonicalize().unwrap();
    let step = |at: &Path, cargo: &str| step("nothing_twice", at, cargo);
    let again = step(&root, "echo '   Compiling rustls v0.23.46' >&2");
    fails(&again, "rustls v0.23.46\n");
    fails(&again, "scripts/homework: the above is compiled again");
    let ours = format!(
        "echo '   Compiling lab v0.1.0 ({}/listings/lab)' >&2",
        root.display()
    );
    passes(&step(&root, &ours));
    // By a link, cargo sees the folder behind it.
    let links = tempfile::tempdir().unwrap();
    symlink(&root, links.path().join("a b")).unwrap();
    passes(&step(&links.path().join("a b"), &ours));
    // What does not build has compiled nothing again, and is none the better for it.
    fails(
        &step(&root, "echo 'error: no such package' >&2; exit 101"),
        "no such package",
    );
}

#[test]
fn each_command_of_chapter_10_has_to_succeed() {
    let root = scripts::root().unwrap();
    let step = |cargo: &str| step("log_of_ones_own", &root, cargo);
    passes(&step("exit 0"));
    for part in [
        "*' -q -p ch10-log-analysis'",
        "*'log run.jsonl'",
        "*'log assert run.jsonl'*",
    ] {
        let cargo = format!("case $* in {part}) echo it fails; exit 1;; esac");
        let output = step(&cargo);
        assert_eq!(output.status.code(), Some(1), "{part}: {output:?}");
    }
}
