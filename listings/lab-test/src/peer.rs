//! Programs that some tests use when they are there: Go, Python, a browser, another chapter's server.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Finds `program` on the search path. Where it is missing, [skips](skip) and returns nothing: the
/// caller returns.
///
/// # Panics
/// With `CI=true`, when the program is missing.
pub fn find(program: &str) -> Option<PathBuf> {
    find_either(&[program])
}

/// The same for a program of which there are several kinds: finds the first of these that is there.
///
/// # Panics
/// As [`find`].
pub fn find_either(programs: &[&str]) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let in_folders = |program: &&str| {
        let mut folders = env::split_paths(&paths);
        folders.find_map(|folder| Some(folder.join(program)).filter(|path| path.is_file()))
    };
    let found = programs.iter().find_map(in_folders);
    if found.is_none() {
        skip(&programs.join(" or "));
    }
    found
}

/// Finds a program of another package of this workspace: beside the program that asks, where
/// `cargo test` and `cargo build` for the whole workspace put it. Where it has not been built,
/// [skips](skip) and returns nothing: the caller returns.
///
/// # Panics
/// With `CI=true`, when the program has not been built.
pub fn built(program: &str) -> Option<PathBuf> {
    let this = env::current_exe().unwrap_or_default();
    // A test lies one folder below.
    let folders = this.ancestors().skip(1).take(2);
    let found = folders
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        skip(program);
    }
    found
}

/// The environment that Go is run in. The standard library is all that the twin uses, so nothing is to be
/// fetched. Without paths, what was compiled in one checkout is found in Go's cache from another.
pub const GO: [(&str, &str); 2] = [("GOFLAGS", "-mod=readonly -trimpath"), ("GOPROXY", "off")];

/// Chapter 3's twin in Go, built beside the programs of this workspace: once for all tests of a
/// program, and not at all where it is newer than its sources. With `race`, under Go's race detector.
///
/// # Panics
/// When it does not compile; with `CI=true`, when there is no Go.
pub fn go_twin(race: bool) -> Option<PathBuf> {
    static PLAIN: OnceLock<Option<PathBuf>> = OnceLock::new();
    static RACE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = if race { &RACE } else { &PLAIN };
    built.get_or_init(|| build_go_twin(race)).clone()
}

fn build_go_twin(race: bool) -> Option<PathBuf> {
    let go = find("go")?;
    let this = env::current_exe().expect("a test has a path");
    let folder = this.ancestors().nth(2).expect("target/debug");
    let program = folder.join(if race { "go-twin-race" } else { "go-twin" });
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .args(race.then_some("-race"))
        .arg(".")
        .envs(GO)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../ch03-handshake-hook/go"))
        .output()
        .expect("go can be run");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "go build: {said}");
    Some(program)
}

/// Says `skipped: go not found` on stderr, past the test runner's capture. With `CI=true` nothing
/// may be skipped.
///
/// # Panics
/// With `CI=true`.
pub fn skip(missing: &str) {
    let line = format!("skipped: {missing} not found");
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{line}");
    // A failure to write to stderr leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}
