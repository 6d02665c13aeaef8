//! `zdr`: the verdict on any server, on the command line.

mod arguments;
mod check_client;
mod demo;
mod describe;
mod manual;
mod output;
mod progress;
mod watch;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use tokio::sync::watch::Receiver;
use tracing::Level;
use zdr::check::plan::plan;
use zdr::check::{Options, RATE, RunControl, check};
use zdr::compare::compare;
use zdr::compare::merge::merge;
use zdr::course::{self, CourseOptions, course};
use zdr::error::with_advice;
use zdr::gate::scenario::Scenario;
use zdr::judge::shortage::{enough, enough_for_itself, enough_threads};
use zdr::report::Report;
use zdr::server::cleanup::Reaper;
use zdr::server::interrupt::{INTERRUPTED, interrupt, is_by_signal, too_large_is_an_error};
use zdr::server::lines::printable;
use zdr::server::reference::{as_markdown, as_text};
use zdr::server::spec::Spec;
use zdr::server::user::OpenMask;
use zdr::testbed::keep::Keeper;

use arguments::{Arguments, Check, Command, Compare, Merge, Show};
use describe::described;
use output::{NONE, not_obeyed, print, say, text};
use progress::Progress;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    if let Err(error) = enough_for_itself().and_then(|()| enough_threads()) {
        return failed(&error.into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(obey(command)),
        Err(error) => failed(&error),
    }
}

/// Says why there is no verdict.
fn failed(error: &io::Error) -> ExitCode {
    // Where stderr is full or closed, the exit code has to say it.
    let error = format!("error: {}\n", printable(&with_advice(error)));
    let _ = io::stderr().write_all(not_obeyed(error).as_bytes());
    ExitCode::from(NONE)
}

async fn obey(command: Command) -> ExitCode {
    if let Err(error) = too_large_is_an_error() {
        return failed(&error);
    }
    let done = match command {
        Command::Check(arguments) => run(*arguments).await,
        Command::Init(arguments) => describe::init(&arguments).await,
        Command::Compare(arguments) => compared(&arguments),
        Command::Merge(arguments) => merged(&arguments),
        Command::Report(arguments) => shown(&arguments),
        Command::CheckClient(arguments) => arguments.run().await,
        Command::Watch(arguments) => arguments.run().await,
        Command::Demo => demo::demo().await,
        Command::Schema => print(&Report::schema()),
        Command::Toml { markdown: true } => print(&as_markdown()),
        Command::Toml { markdown: false } => print(&as_text()),
        Command::Log(command) => return command.run().await,
        Command::Ca(ca) => logged(async { Ok(ca.run()?) }).await,
        Command::Issue(issue) => logged(async { Ok(issue.run()?) }).await,
        Command::Rotate(rotate) => logged(async { Ok(rotate.run().await?) }).await,
        Command::Man { page, to } => manual::manual(page.as_deref(), to.as_deref()),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut completed(), "zdr", &mut text);
            print(&String::from_utf8_lossy(&text))
        }
        Command::Guard { pid, directory } => {
            Reaper::run(pid, &directory).map(|()| ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| failed(&error))
}

/// What a shell completes. A command that its help hides is not for people.
fn completed() -> clap::Command {
    let all = Arguments::command();
    let shown = all.get_subcommands().filter(|of| !of.is_hide_set());
    clap::Command::new("zdr")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommands(shown.cloned())
}

/// Runs one of chapter 9's commands: they say what they do as events.
async fn logged(command: impl Future<Output = io::Result<()>>) -> io::Result<ExitCode> {
    lab::emit::to_stderr(Level::INFO)?;
    command.await.map(|()| ExitCode::SUCCESS)
}

async fn run(arguments: Check) -> io::Result<ExitCode> {
    let mut spec = described(&arguments)?;
    let mut options = options(&arguments);
    if arguments.plan {
        let first = match arguments.started.is_open() {
            true => TRIED_FIRST,
            false => "",
        };
        return say(&(first.to_owned() + &plan(&spec, &options)));
    }
    let read: Vec<_> = arguments.server.as_deref().into_iter().collect();
    arguments.output.has_places(&read)?;
    enough()?;
    options.keep = arguments.keep.as_deref().map(Keeper::new).transpose()?;
    let interrupt = interrupt()?;
    let mask = OpenMask::set();
    let reaper = Reaper::start(&std::env::current_exe()?)?;
    if arguments.started.is_open() {
        let complete = arguments
            .started
            .complete(&spec, options.patience, &interrupt);
        match complete.await? {
            Some(found) => {
                options.restart_is_a_guess = found.spec.reload.restart && !spec.reload.restart;
                spec = found.spec;
            }
            None => return Ok(ExitCode::from(INTERRUPTED)),
        }
    }
    if arguments.course {
        return take(&spec, &arguments, interrupt, mask).await;
    }
    let progress = Progress::new(&options, arguments.quiet);
    let control = RunControl {
        progress: &|step| progress.show(&step),
        interrupt: interrupt.clone(),
    };
    let report = check(&spec, &options, &control).await;
    drop(mask);
    progress.end();
    tell_of_kept(options.keep.as_ref());
    let code = arguments
        .output
        .write(&report?, arguments.server.as_deref(), NONE)?;
    // ScenarioRuns that were given up may still be letting go of their servers.
    drop(reaper);
    Ok(match interrupt.borrow().is_some() {
        true => ExitCode::from(INTERRUPTED),
        false => code,
    })
}

/// Says where what failed is kept, on stderr.
fn tell_of_kept(keeper: Option<&Keeper>) {
    // Where stderr is closed, nobody looks for it.
    let line = match keeper.and_then(Keeper::kept) {
        Some(Ok(folder)) => format!("What failed is kept in {}", folder.display()),
        Some(Err(error)) => format!("What failed could not be kept: {error}"),
        None => return,
    };
    let _ = writeln!(io::stderr(), "{}", printable(&line));
}

/// What comes before the plan of a server of which only the command is known.
const TRIED_FIRST: &str = "\
First, a server is started to find out what it speaks (HTTP, and then others) and how it learns of
new files: zdr writes them, and tries SIGHUP, SIGUSR1 and SIGUSR2 after 3 s each; then the server has
10 s to find them by itself; if it does not, zdr restarts it. `--protocol` and `--reload` replace these
tries. The steps below are for a server that finds its files by itself.

";

/// What is asked of a check.
fn options(arguments: &Check) -> Options {
    Options {
        rotations: match arguments.observe {
            true => 0,
            false => arguments.rotations,
        },
        interval: Duration::from_millis(arguments.interval_ms),
        steady: Duration::from_millis(arguments.steady_ms),
        writer: arguments.writer,
        classes: (!arguments.classes.is_empty()).then(|| arguments.classes.clone()),
        rate: arguments.rate.unwrap_or(RATE),
        lowers_rate: arguments.rate.is_none(),
        downloads: arguments.downloads,
        pool: arguments.pool,
        scenarios: match arguments.scenarios.is_empty() {
            _ if arguments.no_scenarios || arguments.observe => Vec::new(),
            true => Scenario::all().to_vec(),
            false => arguments.scenarios.clone(),
        },
        jobs: arguments.jobs,
        patience: Duration::from_millis(arguments.patience_ms),
        observe: arguments.observe,
        require: arguments.require,
        today: arguments.today.unwrap_or(Options::default().today),
        // Once it is known that there will be a check.
        restart_is_a_guess: false,
        keep: None,
    }
}

/// The course. Each stage is printed when it is over.
async fn take(
    spec: &Spec,
    arguments: &Check,
    interrupt: Receiver<Option<String>>,
    mask: OpenMask,
) -> io::Result<ExitCode> {
    let options = CourseOptions {
        jobs: arguments.jobs,
        patience: Duration::from_millis(arguments.patience_ms),
        from: arguments.from.into(),
        ..CourseOptions::full()
    };
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let show = |at: usize, attempt: &course::StageReport| {
        // Where stdout is closed, the end says so.
        let _ = say(&course::text::stage(at + 1, attempt));
    };
    let taken = course(spec, &options, &control, &show).await?;
    drop(mask);
    // Where one of them cannot be written, the others are.
    let told = say(&format!("\n{}", course::text::end(&taken)));
    let output = &arguments.output;
    let json = text(output.json.as_ref(), || {
        Ok(serde_json::to_string_pretty(&taken)? + "\n")
    });
    let book = output.book.clone().unwrap_or_default();
    let page = text(output.page.as_ref(), || {
        Ok(course::page::page(&taken, &book))
    });
    told.and(json).and(page)?;
    Ok(match (taken.passed, &taken.interrupted) {
        (true, _) => ExitCode::SUCCESS,
        (false, Some(_)) => ExitCode::from(INTERRUPTED),
        (false, None) => ExitCode::FAILURE,
    })
}

fn compared(arguments: &Compare) -> io::Result<ExitCode> {
    let before = Report::read(&arguments.before)?;
    let comparison = compare(&before, &Report::read(&arguments.after)?);
    if arguments.json {
        print(&(serde_json::to_string_pretty(&comparison)? + "\n"))?;
    } else {
        say(&comparison.to_string())?;
    }
    Ok(match (comparison.worse(), comparison.undecided()) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(NONE),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn merged(arguments: &Merge) -> io::Result<ExitCode> {
    let read: Vec<_> = arguments.reports.iter().map(PathBuf::as_path).collect();
    arguments.output.spares(&read)?;
    let reports = arguments.reports.iter().map(|file| Report::read(file));
    let reports = reports.collect::<Result<Vec<_>, _>>()?;
    let merged = merge(reports)?;
    arguments
        .output
        .write(&merged, None, without_verdict(&merged))
}

fn shown(arguments: &Show) -> io::Result<ExitCode> {
    arguments.output.spares(&[&arguments.report])?;
    let report = Report::read(&arguments.report)?;
    arguments
        .output
        .write(&report, None, without_verdict(&report))
}

/// The exit code of a saved report without a verdict: that of the command that wrote it.
fn without_verdict(report: &Report) -> u8 {
    let why = report.interrupted.as_deref();
    match why.is_some_and(is_by_signal) {
        true => INTERRUPTED,
        false => NONE,
    }
}
