//! `cargo exercise`: the exercises of the book.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Parser, Subcommand};
use exercise::Error;
use exercise::attempt::{CHECKOUT, attempt};
use exercise::class;
use exercise::folder::Folder;
use exercise::homework::homework;
use exercise::interrupt;
use exercise::left;
use exercise::lines::{complain, paragraph};
use exercise::progress::{Progress, Report};
use exercise::set::{Exercise, Set, Track};
use exercise::tell::Teller;
use exercise::watch::watch;
use serde::Serialize;

/// The exercises of the book. Without a command, shows the next exercise.
#[derive(Parser)]
#[command(name = "cargo exercise", bin_name = "cargo exercise")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// The folder of your answers [default: the book's `exercises`].
    #[arg(long, global = true)]
    folder: Option<PathBuf>,
    /// The language of your answers. Some exercises exist only in Rust.
    #[arg(long, global = true, value_enum, default_value_t)]
    track: Track,
}

#[derive(Subcommand)]
enum What {
    /// List all exercises, and how far you are with each.
    List,
    /// Begin an exercise: write its starter, and show the task.
    Next {
        /// The exercise, such as `resolver` [default: the current one].
        exercise: Option<String>,
    },
    /// Test your answer.
    Run {
        /// The exercise, such as `resolver` [default: the current one].
        exercise: Option<String>,
    },
    /// Test your answer at each change, and begin the next exercise when it passes.
    Watch {
        /// Watch only this exercise [default: go through all of them].
        exercise: Option<String>,
    },
    /// Show the next hint.
    Hint {
        /// The exercise, such as `resolver` [default: the current one].
        exercise: Option<String>,
    },
    /// Show the solution, and the mistakes that are often made.
    Solution {
        /// The exercise, such as `resolver` [default: the current one].
        exercise: Option<String>,
        /// Show it even if the exercise is not done and there are hints left.
        #[arg(long)]
        now: bool,
    },
    /// Begin an exercise again from its starter. Your answer is kept beside it.
    Reset {
        /// The exercise, such as `resolver`.
        exercise: String,
    },
    /// Print a sheet of questions about a chapter. Each seed gives a different sheet.
    Homework {
        /// The chapter, such as `ch08`.
        chapter: String,
        /// The number of the sheet [default: a random one]. All learners with the same seed get the same sheet.
        #[arg(long)]
        seed: Option<u64>,
        /// Print the answers, too, and why they are right.
        #[arg(long)]
        solve: bool,
    },
    /// Show which exercises you have done.
    Progress {
        /// Print JSON, for a teacher.
        #[arg(long)]
        json: bool,
        /// Test all answers again, and report which pass now.
        #[arg(long, requires = "json")]
        check: bool,
    },
    /// Show the progress of each learner of a class.
    Class {
        /// The folder that holds one folder for each learner.
        class: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Test the finished answers again, and report those that fail now. This runs the learners' programs.
        #[arg(long)]
        check: bool,
    },
}

impl What {
    /// Whether it runs answers.
    fn tries(&self) -> bool {
        matches!(
            self,
            Self::Run { .. }
                | Self::Watch { .. }
                | Self::Progress { check: true, .. }
                | Self::Class { check: true, .. }
        )
    }
}

fn main() -> ExitCode {
    if left::is_keeper() {
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    if let Err(error) = interrupt::listen() {
        complain(&format!("error: no signal can be listened for: {error}"));
        return ExitCode::FAILURE;
    }
    if arguments.what.as_ref().is_some_and(What::tries) {
        left::start_keeper();
    }
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // What reads this has read enough, as `head` has.
        Err(Error::Terminal(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The folder of the book. Cargo sets the variable: see `.cargo/config.toml`.
fn root() -> Result<PathBuf, Error> {
    let set = env::var_os(CHECKOUT).map(PathBuf::from);
    // The variable ends with a separator, which no path that is shown is to have.
    set.map(|root| root.components().collect())
        .ok_or(Error::NoBook)
}

/// A path as it is typed: a blank in it would end it.
fn typed(path: &Path) -> String {
    let path = path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), |quoted| quoted.into_owned())
}

/// Whether what was tried holds.
fn run(arguments: Arguments) -> Result<bool, Error> {
    let named = arguments.folder.as_ref();
    let named = named.map(|folder| format!(" --folder {}", typed(folder)));
    let named = named.unwrap_or_default();
    within(arguments, &named).map_err(|error| error.in_folder(&named))
}

/// The same, with what a command ends with to mean this folder.
fn within(arguments: Arguments, named: &str) -> Result<bool, Error> {
    let set = Set::of_track(&root()?, arguments.track)?;
    let folder = match &arguments.folder {
        Some(folder) => Folder::new(folder),
        None => Folder::new(&set.root.join("exercises")),
    };
    let option = named.to_owned() + &arguments.track.option();
    // A class is read by its teacher, whose own record has no part in it.
    if let Some(What::Class { class, json, check }) = arguments.what {
        return of_class(&set, &class, json, check);
    }
    let mut progress = Progress::read(&folder)?;
    let teller = Teller {
        set: &set,
        folder: &folder,
        option,
    };
    let (out, what) = (&mut anstream::stdout(), arguments.what);
    match what.unwrap_or(What::Next { exercise: None }) {
        What::List => teller.list(out, &progress)?,
        What::Progress { json: false, .. } => teller.progress(out, &progress)?,
        What::Progress { check, .. } => report(&teller, &progress, check, out)?,
        What::Reset { exercise } => reset(&teller, set.find(&exercise)?, out)?,
        What::Watch { exercise } => {
            let only = exercise.map(|name| set.find(&name)).transpose()?;
            watch(&teller, &mut progress, only)?;
        }
        What::Homework {
            chapter,
            seed,
            solve,
        } => return homework(&set.root, &chapter, seed.unwrap_or_else(any_seed), solve),
        of_one => return with_one(&teller, &mut progress, &of_one, out),
    }
    Ok(true)
}

/// Whether all that was there of the class could be read.
fn of_class(set: &Set, folder: &Path, json: bool, check: bool) -> Result<bool, Error> {
    let (out, members) = (&mut anstream::stdout(), class::class(set, folder, check)?);
    match json {
        true => print_json(&members, out)?,
        false => class::tell(out, &members)?,
    }
    Ok(members.iter().all(|member| member.trouble.is_none()))
}

/// Short enough to be typed again, to solve the sheet.
fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::from(since.unwrap_or_default().subsec_micros()) % 10_000
}

/// The commands that mean one exercise: the one that is named, or the one that the learner is at.
fn with_one(
    teller: &Teller<'_>,
    progress: &mut Progress,
    what: &What,
    out: &mut dyn Write,
) -> Result<bool, Error> {
    let name = match what {
        What::Next { exercise }
        | What::Run { exercise }
        | What::Hint { exercise }
        | What::Solution { exercise, .. } => exercise,
        _ => &None,
    };
    let exercise = match name {
        Some(name) => {
            let named = teller.set.find(name)?;
            let begins = matches!(what, What::Next { .. });
            let tries = matches!(what, What::Run { .. }) && teller.folder.has_begun(named);
            if begins || tries {
                progress.is_at(named)?;
            }
            Some(named)
        }
        None => progress.next(teller.set),
    };
    let Some(exercise) = exercise else {
        let all = teller.set.exercises.len();
        paragraph(
            out,
            "",
            &format!(
                "All {all} exercises are done. To go back to one, name it: `{}` lists all of them.",
                teller.command("list")
            ),
        )?;
        return Ok(true);
    };
    match what {
        What::Run { .. } => return try_once(teller, progress, exercise, out),
        What::Hint { .. } => hint(teller, progress, exercise, out)?,
        What::Solution { now, .. } => solution(teller, progress, exercise, *now, out)?,
        _ => {
            teller.folder.begin(exercise)?;
            teller.task(out, exercise)?;
        }
    }
    Ok(true)
}

fn try_once(
    teller: &Teller<'_>,
    progress: &mut Progress,
    exercise: &Exercise,
    out: &mut dyn Write,
) -> Result<bool, Error> {
    let tried = attempt(teller.set, teller.folder, exercise)?;
    let held = tried.held();
    // Where the record cannot be written, the learner is shown what came of it all the same.
    let recorded = progress.ran(exercise, held);
    teller.attempt(out, exercise, &tried, progress)?;
    recorded?;
    Ok(held)
}

/// Shows the first hint that was not shown; where all were, all of them.
fn hint(
    teller: &Teller<'_>,
    progress: &mut Progress,
    exercise: &Exercise,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let (shown, all) = (progress.of(exercise).hints, exercise.about.hints.len());
    let numbers = if shown < all {
        shown + 1..=shown + 1
    } else {
        1..=all
    };
    for number in numbers {
        progress.hinted(exercise, number)?;
        teller.hint(out, exercise, number)?;
    }
    Ok(())
}

fn solution(
    teller: &Teller<'_>,
    progress: &mut Progress,
    exercise: &Exercise,
    now: bool,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let entry = progress.of(exercise);
    let left = exercise.about.hints.len().saturating_sub(entry.hints);
    if entry.done.is_none() && left > 0 && !now {
        let (name, option) = (exercise.id.clone(), exercise.track.option());
        return Err(Error::TooEarly { name, left, option });
    }
    progress.solution_shown(exercise)?;
    teller.solution(out, exercise)
}

fn reset(teller: &Teller<'_>, exercise: &Exercise, out: &mut dyn Write) -> Result<(), Error> {
    let answer = teller.shown(&teller.folder.answer(exercise));
    match teller.folder.reset(exercise)? {
        Some(kept) => writeln!(
            out,
            "{answer} is the starter again. Your answer is kept: {}",
            teller.shown(&kept)
        )?,
        None => writeln!(out, "{answer} is the starter already: nothing was changed.")?,
    }
    Ok(())
}

fn report(
    teller: &Teller<'_>,
    progress: &Progress,
    check: bool,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut tried = BTreeMap::new();
    let answers = teller.set.exercises.iter();
    for exercise in answers.filter(|one| check && teller.folder.has_begun(one)) {
        // One answer that cannot be tried hides none of the others.
        let why = match attempt(teller.set, teller.folder, exercise) {
            Ok(tried) => tried.why(),
            Err(error) => Some(format!("could not be tried: {error}")),
        };
        tried.insert(exercise.id.clone(), why);
    }
    let report = Report::new(teller.set, teller.folder, progress, &tried);
    print_json(&report, out)
}

fn print_json(what: &impl Serialize, out: &mut dyn Write) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(what).map_err(io::Error::from)?;
    writeln!(out, "{text}")?;
    Ok(())
}
