//! Answers in Go, tried with `go test`. The standard library is all that they may use, so nothing is fetched.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::printed::{self, Printed};
use crate::program::Check;

/// What makes a module of the folder in which an answer lies.
const MODULE: &str = "module answer\n\ngo 1.25\n";

/// What came of `go test`.
#[derive(Debug, Default)]
pub struct Tested {
    /// By the name of its test: whether it passed, and what it said.
    pub tests: BTreeMap<String, Test>,
    /// What the answer itself printed.
    pub printed: Printed,
    /// Whether it was built and started.
    pub built: bool,
    /// What the compiler said, where no test ran.
    pub refused: String,
}

/// One test.
#[derive(Debug, Default)]
pub struct Test {
    /// Whether Go says that it was started. An answer can print what Go prints of a test that passed.
    pub began: bool,
    /// `None` where the program ended in it.
    pub passed: Option<bool>,
    /// Why it did not pass, in words.
    pub words: String,
    /// File and line.
    pub at: Option<String>,
}

/// A line of `go test -json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    action: String,
    test: Option<String>,
    #[serde(default)]
    output: String,
}

/// Every check in the text of an `answer_test.go`: each test, with the comment above it.
pub fn checks(test: &str) -> Vec<Check> {
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    for line in test.lines() {
        if let Some(words) = line.strip_prefix("// ") {
            comment.push(words.trim());
            continue;
        }
        if let Some(rest) = line.strip_prefix("func ")
            && let Some((name, _)) = rest.split_once("(t *testing.T)")
            && name.starts_with("Test")
        {
            found.push(Check::new(name, comment.join(" ")));
        }
        comment.clear();
    }
    found
}

/// Runs the tests of the module in this folder.
///
/// # Errors
/// When Go cannot be started.
pub fn test(folder: &Path) -> io::Result<Tested> {
    let mut tested = Tested::default();
    let read = |stdout: &mut dyn Read| {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            match serde_json::from_str(&line) {
                Ok(line) => tested.note(folder, line),
                // Before Go 1.24 the compiler's words were no JSON.
                Err(_) => tested.refused += &format!("{line}\n"),
            }
        }
    };
    let mut command = Command::new("go");
    command
        .args(["test", "-json", "-count=1", "-timeout=60s", "."])
        .current_dir(folder)
        .env("GOFLAGS", "-mod=readonly -trimpath")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
    let said = printed::run_and_read(&mut command, read)?;
    tested.refused += &said;
    Ok(tested)
}

/// What came of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held.
    Held,
    /// It did not: what was said, and where.
    Failed {
        /// In words.
        words: String,
        /// File and line.
        at: Option<String>,
    },
    /// The program ended before.
    NotReached,
}

/// What came of a check, by what Go said of its test.
pub fn outcome(test: Option<Test>) -> Outcome {
    match test {
        Some(Test {
            began: true,
            passed: Some(true),
            ..
        }) => Outcome::Held,
        Some(Test {
            passed: Some(false),
            words,
            at,
            ..
        }) => Outcome::Failed { words, at },
        _ => Outcome::NotReached,
    }
}

impl Tested {
    fn note(&mut self, folder: &Path, line: Line) {
        let Some(name) = line.test else {
            match line.action.as_str() {
                "build-output" => self.refused += &line.output,
                "start" => self.built = self.refused.is_empty(),
                // Of what ran before the first test.
                "output" if self.tests.is_empty() => self.printed.note(line.output.as_bytes()),
                _ => {}
            }
            return;
        };
        let test = self.tests.entry(name).or_default();
        match line.action.as_str() {
            "run" => test.began = true,
            "pass" => test.passed = Some(true),
            "fail" => test.passed = Some(false),
            "output" => {
                let said = line.output.trim();
                // The book's own gate puts the same checks into a file of the other name: see `tests/track`.
                let of_test = ["answer_test.go:", "checks.go:"]
                    .iter()
                    .find_map(|file| said.strip_prefix(file));
                match of_test.and_then(|rest| rest.split_once(": ")) {
                    Some((number, words)) => {
                        test.words = words.to_owned();
                        let file = folder.join("answer_test.go");
                        test.at = Some(format!("{}:{number}", file.display()));
                    }
                    None if said.starts_with("=== ") || said.starts_with("--- ") => {}
                    None => self.printed.note(line.output.as_bytes()),
                }
            }
            _ => {}
        }
    }
}

/// Puts what `go test` needs beside an answer: the module, and the checks as the book has them.
///
/// # Errors
/// When the folder cannot be written.
pub fn equip(folder: &Path, test: &str) -> io::Result<()> {
    for (file, text) in [("go.mod", MODULE), ("answer_test.go", test)] {
        let path = folder.join(file);
        if fs::read_to_string(&path).is_ok_and(|before| before == text) {
            continue;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
