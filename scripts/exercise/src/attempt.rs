//! An attempt: a learner's answer, built with its checks, and run.
//!
//! It is a program of the package `exercise-bench`, which is a member of the workspace. So it is built with what
//! the book is built with, in the same folder, and nothing is compiled twice. Its feature `attempt` keeps it out of
//! every other build.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::Error;
use crate::folder::Folder;
use crate::go;
pub use crate::go::Outcome;
use crate::printed;
use crate::program::{self, Check};
use crate::python;
use crate::set::{Exercise, Set, Track};

/// The variable by which cargo tells where the book is.
pub const CHECKOUT: &str = "ZERO_DOWNTIME_CHECKOUT";

/// What came of an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// The compiler refused it, or Python its import. It has said why on stderr.
    DoesNotCompile,
    /// It ran.
    Ran(Ran),
}

/// What came of each check.
#[derive(Debug)]
pub struct Ran {
    /// Each check, in order, and what came of it.
    pub checks: Vec<(Check, Outcome)>,
    /// What the answer itself printed.
    pub printed: String,
}

#[derive(Deserialize)]
struct Line {
    check: String,
    words: Option<String>,
    at: Option<String>,
}

impl Attempt {
    /// Whether it was built, and all its checks held.
    pub fn held(&self) -> bool {
        matches!(self, Self::Ran(ran) if ran.held())
    }
}

impl Ran {
    /// Whether all held.
    pub fn held(&self) -> bool {
        self.checks
            .iter()
            .all(|(_, outcome)| *outcome == Outcome::Held)
    }
}

/// Builds the answer to an exercise and tries it. The compiler's words go to stderr.
///
/// # Errors
/// When there is no answer, or a program cannot be started.
pub fn attempt(set: &Set, folder: &Folder, exercise: &Exercise) -> Result<Attempt, Error> {
    if !folder.has_begun(exercise) {
        return Err(exercise.not_begun());
    }
    let checks = exercise.checks()?;
    match exercise.track {
        Track::Rust => {}
        Track::Go => return attempt_in_go(folder, exercise, checks),
        Track::Python => return attempt_in_python(folder, exercise, checks),
    }
    let program = write_program(folder, exercise, &checks)?;
    // Every answer is built to the same file: until this one has run, no other is built.
    let _one_at_a_time = lock(&set.root.join("target"))?;
    match build(&set.root, &program, &exercise.chapter)
        .map_err(|error| Error::file(Path::new("cargo"), error))?
    {
        Some(built) => run(&built, checks).map(Attempt::Ran),
        None => Ok(Attempt::DoesNotCompile),
    }
}

/// The same for an answer in Go.
fn attempt_in_go(
    folder: &Folder,
    exercise: &Exercise,
    checks: Vec<Check>,
) -> Result<Attempt, Error> {
    let answer = folder.answer(exercise);
    let module = answer.parent().unwrap_or(folder.path());
    let test = exercise.text(exercise.track.test())?;
    go::equip(module, &test).map_err(|error| Error::file(module, error))?;
    let mut tested = go::test(module).map_err(|error| Error::Language {
        program: "go",
        needs: "Go 1.25 or newer",
        language: exercise.track.language(),
        error,
    })?;
    // Where it was built, and ended before its first test, what it printed says why.
    if tested.tests.is_empty() && !tested.built {
        eprint!("{}", tested.refused);
        return Ok(Attempt::DoesNotCompile);
    }
    let checks = checks.into_iter().map(|check| {
        let outcome = go::outcome(tested.tests.remove(&check.name));
        (check, outcome)
    });
    Ok(Attempt::Ran(Ran {
        checks: checks.collect(),
        printed: tested.printed.text(),
    }))
}

/// The same for an answer in Python.
fn attempt_in_python(
    folder: &Folder,
    exercise: &Exercise,
    checks: Vec<Check>,
) -> Result<Attempt, Error> {
    let (answer, test) = (folder.answer(exercise), exercise.track.test());
    let tried = python::test(&[(answer, exercise.folder.join(test))]);
    let tried = tried.map_err(|error| Error::Language {
        program: python::PROGRAM,
        needs: "Python 3.10 or newer",
        language: exercise.track.language(),
        error,
    })?;
    let printed = tried.printed;
    match tried.outcomes.first() {
        Some(said) if python::imported(said) => Ok(Attempt::Ran(Ran {
            checks: outcomes(said, checks),
            printed,
        })),
        _ => {
            eprint!("{printed}");
            Ok(Attempt::DoesNotCompile)
        }
    }
}

/// Writes what cargo is to build. It is written only where it differs, so that nothing is built again in vain.
fn write_program(folder: &Folder, exercise: &Exercise, checks: &[Check]) -> Result<PathBuf, Error> {
    let answer = folder.answer(exercise);
    let file = format!("{}-{}.rs", exercise.chapter, exercise.id);
    let program = folder.path().join(".build").join(file);
    let write = || {
        let answer = fs::canonicalize(&answer)?;
        let text = program::around(&answer, &exercise.folder.join("test.rs"), checks)?;
        if fs::read_to_string(&program).is_ok_and(|before| before == text) {
            return Ok(());
        }
        fs::create_dir_all(folder.path().join(".build"))?;
        fs::write(&program, text)
    };
    write().map_err(|error| Error::file(&program, error))?;
    fs::canonicalize(&program).map_err(|error| Error::file(&program, error))
}

/// Waits for other attempts in this checkout, and keeps further ones waiting while the file is open.
fn lock(target: &Path) -> Result<File, Error> {
    let path = target.join("exercise.lock");
    let locked = fs::create_dir_all(target).and_then(|()| {
        let file = File::create(&path)?;
        file.lock()?;
        Ok(file)
    });
    locked.map_err(|error| Error::file(&path, error))
}

/// Cargo, in the folder of the book.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Cargo sets it from the book's configuration: another spelling of the same path would build all anew.
    command.env_remove(CHECKOUT);
    command
}

/// The program that cargo has built, with what this chapter depends on; nothing where the compiler refused.
fn build(root: &Path, program: &Path, chapter: &str) -> io::Result<Option<PathBuf>> {
    let mut command = cargo(root);
    // The first build takes minutes: a person is shown how far it is.
    let quiet = (!io::stderr().is_terminal()).then_some("--quiet");
    command
        .args(["build", "--locked", "--package", "exercise-bench"])
        .args(quiet)
        .args(["--no-default-features", "--bin", "attempt"])
        .args(["--features", &format!("attempt,{chapter}")])
        .args(["--message-format", "json-render-diagnostics"])
        .env("EXERCISE_PROGRAM", program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let said = child.stdout.take().map(BufReader::new);
    let mut built = None;
    for line in said.into_iter().flat_map(BufRead::lines) {
        let message: serde_json::Value = serde_json::from_str(&line?).unwrap_or_default();
        if message["reason"] == "compiler-artifact"
            && message["target"]["name"] == "attempt"
            && let Some(path) = message["executable"].as_str()
        {
            built = Some(PathBuf::from(path));
        }
    }
    let status = child.wait()?;
    Ok(built.filter(|_| status.success()))
}

fn run(program: &Path, checks: Vec<Check>) -> Result<Ran, Error> {
    let wrong = |error| Error::file(program, error);
    let outcomes = tempfile::NamedTempFile::new().map_err(wrong)?;
    let printed = printed::run(Command::new(program).arg(outcomes.path())).map_err(wrong)?;
    let said = fs::read_to_string(outcomes.path()).map_err(wrong)?;
    Ok(Ran {
        checks: self::outcomes(&said, checks),
        printed,
    })
}

/// What came of each check, by what was written of it: a line of JSON for each that was reached.
pub fn outcomes(said: &str, checks: Vec<Check>) -> Vec<(Check, Outcome)> {
    let lines: Vec<Line> = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let outcome = |check: &Check| match lines.iter().find(|line| line.check == check.name) {
        Some(Line {
            words: Some(words),
            at,
            ..
        }) => Outcome::Failed {
            words: words.clone(),
            at: at.clone(),
        },
        Some(_) => Outcome::Held,
        None => Outcome::NotReached,
    };
    let checks = checks.into_iter().map(|check| {
        let outcome = outcome(&check);
        (check, outcome)
    });
    checks.collect()
}
