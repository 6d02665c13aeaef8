//! The runner's tests, in one program: they wait side by side, and are linked once.

mod answers;
mod checkout;
mod commands;
mod left;
mod odd;
mod odd_go;
mod rust;
mod track;
mod transcripts;
mod watching;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The folder of the book.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

/// A learner with a folder of their own.
struct Learner(TempDir);

impl Learner {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// `cargo exercise`, with these words behind it.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exercise"));
        command
            .args(words)
            .arg("--folder")
            .arg(self.path())
            .current_dir(root())
            .env("ZERO_DOWNTIME_CHECKOUT", root())
            // An author's shell may have it set.
            .env_remove(exercise::original::AS_THEY_ARE)
            .env_remove("COLUMNS")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE");
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs it, and returns what it says: it must not fail.
    fn says(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let said = text(&output);
        assert!(output.status.success(), "{words:?}: {said}");
        said
    }

    /// Runs it, and returns what it says on stderr: it must fail.
    fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{words:?}: {}",
            text(&output)
        );
        String::from_utf8(output.stderr).unwrap()
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path().join(file), text).unwrap();
    }
}

/// What it said. Other tests try answers at the same time: that one waits for another is no part of it.
fn text(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr];
    let said = both.map(|part| String::from_utf8_lossy(part)).concat();
    said.replace(&format!("{}\n", exercise::attempt::OTHERS_FIRST), "")
}

/// A file of the exercise `cost`.
fn of_cost(file: &str) -> String {
    let folder = root().join("listings/ch01-restart-baseline/exercises/1-cost");
    fs::read_to_string(folder.join(file)).unwrap()
}
