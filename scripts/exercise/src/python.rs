//! Answers in Python, tried in an interpreter of their own.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::held::Held;
use crate::printed;
use crate::program::Check;
use crate::seal::Seal;

/// What is started.
pub const PROGRAM: &str = "python3";

/// What tries the answers, in their language.
const RUNNER: &str = include_str!("../learner/attempt.py");

/// What checks share.
const LAB: &str = include_str!("../learner/lab/lab.py");

/// How long one answer may take: its import and its first check that does not end are bounded by the runner.
const BOUND: Duration = Duration::from_secs(180);

/// What the runner writes when an answer could be imported, and when it could not. It writes neither where the answer ended it.
const IMPORTED: &str = "{\"check\": \"\", \"words\": null}";
const REFUSED: &str = "{\"check\": \"\", \"words\": \"refused\"}";

/// What came of answers that one interpreter tried.
#[derive(Debug)]
pub struct Tried {
    /// Of each answer in turn, the lines that the runner wrote.
    pub outcomes: Vec<String>,
    /// What the answers printed, and what Python said of one that it could not import.
    pub printed: String,
    /// How Python ended.
    pub status: ExitStatus,
    /// What the answers had left running: see [`printed::Ended`].
    pub left: Vec<String>,
}

/// Every check in the text of an `answer_test.py`: each test, with the text it begins with.
pub fn checks(test: &str) -> Vec<Check> {
    let mut lines = test.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let name = line
            .strip_prefix("def ")
            .and_then(|line| line.split_once("():"));
        let Some((name, _)) = name.filter(|(name, _)| name.starts_with("test_")) else {
            continue;
        };
        let mut words = Vec::new();
        for line in lines.by_ref() {
            let line = line.trim();
            words.push(line.trim_matches('"'));
            if line.ends_with("\"\"\"") {
                break;
            }
        }
        found.push(Check::new(name, words.join(" ")));
    }
    found
}

/// Tries each answer by the file of checks beside it, all in one interpreter. It sees the standard library alone, and what
/// checks share.
///
/// # Errors
/// When Python cannot be started, and when it does not end.
pub fn test(answers: &[(PathBuf, PathBuf)]) -> io::Result<Tried> {
    // All that they write and leave behind goes with it.
    let held = Held::new()?;
    let lab = held.path().join("lab");
    fs::create_dir(&lab)?;
    fs::write(lab.join("lab.py"), LAB)?;
    let files = answers.iter().map(|_| -> io::Result<_> {
        let (seal, file) = (Seal::drawn(), NamedTempFile::new_in(held.path())?);
        fs::write(file.path(), seal.key())?;
        Ok((file, seal))
    });
    let mut files = files.collect::<io::Result<Vec<_>>>()?;
    let mut command = Command::new(PROGRAM);
    command
        .args(["-I", "-B", "-c", RUNNER])
        .arg(&lab)
        .env("TMPDIR", held.path());
    for ((answer, test), (outcomes, _)) in answers.iter().zip(&files) {
        command.args([answer, test]).arg(outcomes.path());
    }
    let bound = BOUND * u32::try_from(answers.len()).unwrap_or(u32::MAX);
    let ended = printed::run(&mut command, bound)?;
    // The runner has removed their names, so that no answer finds them.
    let outcomes = files.iter_mut().map(|(file, seal)| {
        let mut said = String::new();
        let read = file.as_file_mut().read_to_string(&mut said);
        read.map(|_| seal.opened(&said))
    });
    Ok(Tried {
        outcomes: outcomes.collect::<io::Result<_>>()?,
        printed: ended.printed,
        status: ended.status,
        left: ended.left,
    })
}

/// Whether the answer of which these lines are could be imported.
pub fn imported(outcomes: &str) -> bool {
    outcomes.lines().next() == Some(IMPORTED)
}

/// Whether Python could not import it, and has said why.
pub fn refused(outcomes: &str) -> bool {
    outcomes.lines().next() == Some(REFUSED)
}
