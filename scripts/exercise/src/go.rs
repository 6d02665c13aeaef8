//! Answers in Go, tried with `go test`. The standard library is all that they may use, so nothing is fetched.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::program::Check;

/// What makes a module of the folder in which an answer lies.
const MODULE: &str = "module answer\n\ngo 1.25\n";

/// What came of `go test`.
#[derive(Debug, Default)]
pub struct Tested {
    /// By the name of its test: whether it passed, and what it said.
    pub tests: BTreeMap<String, Test>,
    /// What the answer itself printed.
    pub printed: String,
    /// What the compiler said, where no test ran.
    pub refused: String,
}

/// One test.
#[derive(Debug, Default)]
pub struct Test {
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
    let output = Command::new("go")
        .args(["test", "-json", "-count=1", "-timeout=60s", "."])
        .current_dir(folder)
        .env("GOFLAGS", "-mod=readonly -trimpath")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .output()?;
    let mut tested = Tested::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match serde_json::from_str(line) {
            Ok(line) => tested.note(folder, line),
            // Before Go 1.24 the compiler's words were no JSON.
            Err(_) => tested.refused += &format!("{line}\n"),
        }
    }
    tested.refused += &String::from_utf8_lossy(&output.stderr);
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
            passed: Some(true), ..
        }) => Outcome::Held,
        Some(Test {
            passed: Some(false),
            words,
            at,
        }) => Outcome::Failed { words, at },
        _ => Outcome::NotReached,
    }
}

impl Tested {
    fn note(&mut self, folder: &Path, line: Line) {
        let Some(name) = line.test else {
            if line.action == "build-output" {
                self.refused += &line.output;
            }
            return;
        };
        let test = self.tests.entry(name).or_default();
        match line.action.as_str() {
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
                    None => self.printed += &line.output,
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
