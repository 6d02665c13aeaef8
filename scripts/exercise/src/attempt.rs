//! An attempt: a learner's answer, built with its checks, and run.
//!
//! It is a program of the package `exercise-bench`, which is a member of the workspace. So it is built with what
//! the book is built with, in the same folder, and nothing is compiled twice. Its feature `attempt` keeps it out of
//! every other build.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::error::Error;
use crate::folder::Folder;
use crate::go;
pub use crate::go::Outcome;
use crate::held::{self, Held};
use crate::lines::complain;
use crate::original::{Original, original};
use crate::printed;
use crate::program::{self, Check};
use crate::python;
use crate::seal::Seal;
use crate::set::{Exercise, Set, Track};
use crate::target::{self, target};
use events::eprint;

/// The variable by which cargo tells where the book is.
pub const CHECKOUT: &str = "ZERO_DOWNTIME_CHECKOUT";

/// What is said while another attempt is waited for.
pub const OTHERS_FIRST: &str =
    "Another attempt is under way in this checkout: yours comes when it has ended.";

/// How long another attempt is waited for: as long as the first build may take on a slow machine.
const OTHERS: Duration = Duration::from_secs(30 * 60);

/// How long an answer's program may take with all its checks: each is bounded by itself, and the first that does not end is the last.
const PROGRAM: Duration = Duration::from_secs(300);

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
    /// How its program ended, where that is known.
    pub status: Option<ExitStatus>,
    /// What the answer had left running, which was ended: a command line for each.
    pub left: Vec<String>,
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

impl Attempt {
    /// In a few words, why it does not pass. Nothing where it does.
    pub fn why(&self) -> Option<String> {
        let Self::Ran(ran) = self else {
            return Some("does not compile, or cannot be imported".into());
        };
        let failed = |(_, outcome): &&(Check, Outcome)| *outcome != Outcome::Held;
        let (check, outcome) = ran.checks.iter().find(failed)?;
        Some(match outcome {
            Outcome::Failed { words, .. } => format!("{}: {words}", check.name),
            _ => format!("{}: the program ended before or in this check", check.name),
        })
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
    held::remove_left();
    let original = original(&set.root, exercise)?;
    if let Some(note) = &original.note {
        complain(&format!("note: {note}."));
    }
    let checks = exercise.checks_in(&original.text);
    match exercise.track {
        Track::Rust => {}
        Track::Go => return attempt_in_go(folder, exercise, &original, checks),
        Track::Python => return attempt_in_python(folder, exercise, &original, checks),
    }
    // Every answer is built to the same file: until this one has run, no other is built.
    let _one_at_a_time = lock(&target(&set.root))?;
    let program = write_program(set, folder, exercise, &original, &checks)?;
    match build(&set.root, &program, &exercise.chapter)
        .map_err(|error| Error::file(Path::new("cargo"), error))?
    {
        Built::Program(built) => run(&built, checks).map(Attempt::Ran),
        Built::Refused => Ok(Attempt::DoesNotCompile),
        Built::NotReached => Err(Error::Build),
    }
}

/// The same for an answer in Go.
fn attempt_in_go(
    folder: &Folder,
    exercise: &Exercise,
    original: &Original,
    checks: Vec<Check>,
) -> Result<Attempt, Error> {
    let answer = folder.answer(exercise);
    let module = answer.parent().unwrap_or(folder.path());
    let wrong = |error| Error::of_learner(module, error);
    let mut copy = None;
    match go::equip(module, &original.text) {
        Ok(None) => {}
        Ok(Some(kept)) => complain(&format!(
            "note: the checks beside your answer were not those of the book, which count. They were put back; what was there is kept: {}.",
            kept.display()
        )),
        // A teacher looks at what is not theirs to write.
        Err(_) => {
            let copied = copy.insert(go::copy(module).map_err(wrong)?);
            go::equip(copied.path(), &original.text).map_err(wrong)?;
        }
    }
    let module = copy.as_ref().map_or(module, |copy| copy.path());
    let mut tested = go::test(module, go::ONE_ANSWER).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Error::file(&answer, error),
        _ => Error::Language {
            program: "go",
            needs: "Go 1.25 or newer",
            language: exercise.track.language(),
            error,
        },
    })?;
    // Where it was built, and ended before its first test, what it printed says why.
    if tested.tests.is_empty() && !tested.built {
        eprint!("{}", tested.refused);
        return Ok(Attempt::DoesNotCompile);
    }
    Ok(Attempt::Ran(Ran {
        checks: go::outcomes(&mut tested, checks),
        printed: tested.printed.text(),
        status: None,
        left: tested.left,
    }))
}

/// The same for an answer in Python.
fn attempt_in_python(
    folder: &Folder,
    exercise: &Exercise,
    original: &Original,
    checks: Vec<Check>,
) -> Result<Attempt, Error> {
    let answer = folder.answer(exercise);
    let tried = python::test(&[(answer.clone(), original.file.clone())]);
    let tried = tried.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Error::file(&answer, error),
        _ => Error::Language {
            program: python::PROGRAM,
            needs: "Python 3.10 or newer",
            language: exercise.track.language(),
            error,
        },
    })?;
    let (printed, status) = (tried.printed, Some(tried.status));
    let said = tried.outcomes.first().map_or("", String::as_str);
    if python::refused(said) {
        eprint!("{printed}");
        return Ok(Attempt::DoesNotCompile);
    }
    // An import that ended the program has no outcome, as a check that did.
    Ok(Attempt::Ran(Ran {
        checks: outcomes(said, checks),
        printed,
        status,
        left: tried.left,
    }))
}

/// Writes what cargo is to build, beside what it builds: the learner's folder may be one that cannot be written. It is written
/// only where it differs, so that nothing is built again in vain.
fn write_program(
    set: &Set,
    folder: &Folder,
    exercise: &Exercise,
    original: &Original,
    checks: &[Check],
) -> Result<PathBuf, Error> {
    let answer = folder.answer(exercise);
    let programs = target(&set.root).join("exercise-programs");
    let program = programs.join(format!("{}-{}.rs", exercise.chapter, exercise.id));
    let write = || {
        let answer = fs::canonicalize(&answer)?;
        let text = program::around(&answer, &original.file, checks)?;
        if fs::read_to_string(&program).is_ok_and(|before| before == text) {
            return Ok(());
        }
        fs::create_dir_all(&programs)?;
        fs::write(&program, text)
    };
    write().map_err(|error| Error::of_target(&program, error))?;
    fs::canonicalize(&program).map_err(|error| Error::file(&program, error))
}

/// Waits for other attempts in this checkout, and keeps further ones waiting while the file is open.
fn lock(target: &Path) -> Result<File, Error> {
    let path = target.join("exercise.lock");
    let wrong = |error| Error::of_target(&path, error);
    let opened = fs::create_dir_all(target).and_then(|()| File::create(&path));
    let file = opened.map_err(wrong)?;
    let began = Instant::now();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
            Err(TryLockError::WouldBlock) if began.elapsed() > OTHERS => {
                let (minutes, lock) = (OTHERS.as_secs() / 60, path);
                return Err(Error::Busy { minutes, lock });
            }
            Err(TryLockError::WouldBlock) => {
                if !told && began.elapsed() > Duration::from_secs(1) {
                    complain(OTHERS_FIRST);
                    told = true;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// Cargo, in the folder of the book.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Cargo sets it from the book's configuration: another spelling of the same path would build all anew.
    command.env_remove(CHECKOUT);
    if let Some(named) = target::elsewhere() {
        command.env(target::VARIABLE, named);
    }
    command
}

/// What cargo has made of it.
enum Built {
    /// A program.
    Program(PathBuf),
    /// Nothing: the compiler refused the answer, and has said why.
    Refused,
    /// Nothing: it did not come to the answer.
    NotReached,
}

/// Builds the program, with what this chapter depends on.
fn build(root: &Path, program: &Path, chapter: &str) -> io::Result<Built> {
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
    let (mut built, mut library) = (None, false);
    for line in said.into_iter().flat_map(BufRead::lines) {
        let message: serde_json::Value = serde_json::from_str(&line?).unwrap_or_default();
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        // What the answer depends on comes before it, and this comes last of that.
        library |= message["target"]["name"] == "exercise_bench";
        if message["target"]["name"] == "attempt"
            && let Some(path) = message["executable"].as_str()
        {
            built = Some(PathBuf::from(path));
        }
    }
    let status = child.wait()?;
    Ok(match built.filter(|_| status.success()) {
        Some(built) => Built::Program(built),
        None if library => Built::Refused,
        None => Built::NotReached,
    })
}

fn run(program: &Path, checks: Vec<Check>) -> Result<Ran, Error> {
    let wrong = |error| Error::file(program, error);
    // An answer whose threads never end leaves its folders behind, with keys in them. They go with this one.
    let held = Held::new().map_err(wrong)?;
    let mut outcomes = tempfile::NamedTempFile::new_in(held.path()).map_err(wrong)?;
    let seal = Seal::drawn();
    write!(outcomes, "{}", seal.key()).map_err(wrong)?;
    let mut command = Command::new(program);
    command.arg(outcomes.path()).env("TMPDIR", held.path());
    let ran = printed::run(&mut command, PROGRAM);
    let ended = ran.map_err(wrong)?;
    // The program has removed its name, so that no answer finds it.
    let (mut said, file) = (String::new(), outcomes.as_file_mut());
    let read = file.rewind().and_then(|()| file.read_to_string(&mut said));
    read.map_err(wrong)?;
    Ok(Ran {
        checks: self::outcomes(&seal.opened(&said), checks),
        printed: ended.printed,
        status: Some(ended.status),
        left: ended.left,
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
            words: printed::capped(words),
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
