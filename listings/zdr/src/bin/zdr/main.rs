//! `zdr`: the verdict on any server, on the command line.

mod demo;
mod progress;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use ch09_simulating_rotation::ca::{Ca, Issue};
use ch09_simulating_rotation::rotate::Rotate;
use ch10_log_analysis::command::LogCommand;
use ch11_verification::attempt::Class;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::Level;
use zdr::check::{Options, RunControl, check};
use zdr::compare::compare;
use zdr::compare::merge::merge;
use zdr::course::{self, CourseOptions, course};
use zdr::report::file::write_whole;
use zdr::report::page::page;
use zdr::report::text::summary;
use zdr::report::{Finding, Report, Severity};
use zdr::scenarios::Scenario;
use zdr::server::cleanup::{self, Guard};
use zdr::server::end_all;
use zdr::server::spec::Spec;

use progress::Progress;

const EXAMPLES: &str = "\
Examples:
  zdr check my-server.toml                        judge a server
  zdr check my-server.toml --page report.html     and write a page about it
  zdr check my-server.toml --course               build it up, stage by stage
  zdr check my-server.toml --rotations 1000 --interval-ms 100 --no-scenarios
  zdr check my-server.toml --scenarios torn,expired --rotations 2
  zdr compare before.json after.json              is it worse than it was?
  zdr ca ca && zdr rotate --ca ca --to files      rotate files for a server of yours
  zdr log assert server.log --generation-at-least 2

Exit codes of `check`, `merge` and `compare`:
  0    zero downtime; not worse
  1    downtime, or another failure; worse
  2    the command line is wrong
  3    no verdict: the server cannot be started or reached, a file cannot be read or written
  130  no verdict: interrupted. What was measured until then is in the report
";

const CHECK_EXAMPLES: &str = "\
Examples:
  zdr check my-server.toml                        judge a server
  zdr check my-server.toml --page report.html     and write a page about it
  zdr check my-server.toml --json report.json --quiet --rotations 100
  zdr check my-server.toml --classes full,pooled --rate 200 --no-scenarios
  zdr check attach.toml --observe --steady-ms 60000 --json pod-1.json

A server to start, in my-server.toml:
  command = [\"my-server\", \"--cert\", \"{certificate}\", \"--key\", \"{key}\", \"--port\", \"{port}\"]
  [reload]
  signal = \"HUP\"

A server that runs already, in attach.toml. Its files in `directory` are replaced:
  [attach]
  address = \"localhost:8443\"
  directory = \"/etc/my-server/tls\"
  ca = \"ca\"
";

/// Does this server rotate its TLS certificate with zero downtime?
#[derive(Parser)]
#[command(name = "zdr", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(Box<Check>),
    Compare(Compare),
    Merge(Merge),
    Report(Show),
    /// Judge the server that is bundled with the book, sound and with some defects.
    Demo,
    /// Print the JSON Schema of reports.
    Schema,
    Log(Box<LogCommand>),
    Ca(Ca),
    Issue(Issue),
    Rotate(Box<Rotate>),
    /// Print completions for a shell.
    Completions {
        /// Which.
        shell: Shell,
    },
    /// Clean up when the process with this number is gone.
    #[command(hide = true)]
    Guard {
        pid: u32,
        directory: PathBuf,
    },
}

/// Rotate a server's certificate under load, do to it what can go wrong, and judge it.
#[derive(clap::Args)]
#[command(after_help = CHECK_EXAMPLES)]
struct Check {
    /// The TOML file that tells how the server is started or reached.
    server: PathBuf,
    /// Rotations under load.
    #[arg(long, default_value_t = 10)]
    rotations: u32,
    /// Milliseconds from the beginning of one to that of the next, at least.
    #[arg(long, default_value_t = 1000)]
    interval_ms: u64,
    /// Milliseconds for which the server is watched before the first rotation, and after the last.
    #[arg(long, default_value_t = 2000)]
    steady_ms: u64,
    /// Who writes the files.
    #[arg(long, value_enum, default_value = "vault-agent")]
    writer: Writer,
    /// Only these classes of clients, with commas between them.
    #[arg(long, value_enum, value_delimiter = ',')]
    classes: Vec<Class>,
    /// Attempts a second, of each class.
    #[arg(long, default_value_t = 50.0, value_parser = rate)]
    rate: f64,
    /// Downloads, and long HTTP/2 streams, at once.
    #[arg(long, default_value_t = 2)]
    downloads: usize,
    /// Connections that are kept for HTTP/1.1.
    #[arg(long, default_value_t = 8)]
    pool: usize,
    /// Do only this to the server, with commas between.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// Do nothing to it but rotating.
    #[arg(long, conflicts_with = "scenarios")]
    no_scenarios: bool,
    /// Scenarios at once, each with a server of its own.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Milliseconds that a client waits for anything.
    #[arg(long, default_value_t = 5000)]
    patience_ms: u64,
    /// Let the server ask its clients for certificates, where it can.
    #[arg(long)]
    mutual: bool,
    /// Only load a server that is attached to. Somebody else rotates.
    #[arg(long, conflicts_with_all = ["rotations", "scenarios", "writer"])]
    observe: bool,
    /// In stages, each of which opens the next, with a page of the book to read where one does not.
    #[arg(long, conflicts_with_all = ["rotations", "interval_ms", "steady_ms", "writer", "classes", "rate",
        "downloads", "pool", "scenarios", "no_scenarios", "observe", "page"])]
    course: bool,
    #[command(flatten)]
    output: Output,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    /// Arguments that follow the server's own.
    #[arg(last = true)]
    more: Vec<String>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 100_000.0 => Ok(rate),
        _ => Err("a number above 0, and not above 100000, is wanted".into()),
    }
}

#[derive(clap::Args)]
struct Output {
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

/// Tell what has changed from one report to another.
#[derive(clap::Args)]
struct Compare {
    /// The report of before.
    before: PathBuf,
    /// The report of now.
    after: PathBuf,
    /// Print JSON instead.
    #[arg(long)]
    json: bool,
}

/// Make one report of those of several load generators against one server.
#[derive(clap::Args)]
struct Merge {
    /// The reports.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Show a report again.
#[derive(clap::Args)]
struct Show {
    /// The report, as JSON.
    report: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// No verdict.
const NONE: u8 = 3;
/// What a shell gives to a program that SIGINT has ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check(arguments) => run(*arguments).await,
        Command::Compare(arguments) => compared(&arguments),
        Command::Merge(arguments) => merged(&arguments),
        Command::Report(arguments) => shown(&arguments),
        Command::Demo => demo::run()
            .await
            .and_then(|said| print(&(said.join("\n") + "\n"))),
        Command::Schema => print(&Report::schema()),
        Command::Log(command) => return command.run().await,
        Command::Ca(ca) => logged(async { ca.run() }).await,
        Command::Issue(issue) => logged(async { issue.run() }).await,
        Command::Rotate(rotate) => logged(rotate.run()).await,
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "zdr", &mut text);
            print(&String::from_utf8_lossy(&text))
        }
        Command::Guard { pid, directory } => {
            cleanup::stand(pid, &directory).map(|()| ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        // Where stderr is full or closed, the exit code has to say it.
        let _ = writeln!(io::stderr(), "error: {error}");
        ExitCode::from(NONE)
    })
}

/// Runs one of chapter 9's commands: they say what they do as events.
async fn logged(command: impl Future<Output = io::Result<()>>) -> io::Result<ExitCode> {
    lab::event::to_stderr(Level::INFO)?;
    command.await.map(|()| ExitCode::SUCCESS)
}

async fn run(arguments: Check) -> io::Result<ExitCode> {
    let mut spec = Spec::read(&arguments.server)?;
    spec.command.extend_from_slice(&arguments.more);
    if arguments.mutual {
        let cannot = || io::Error::other("this server cannot ask its clients: it has no `mutual`");
        spec = spec.asking_clients().ok_or_else(cannot)?;
    }
    if arguments.course {
        return take(&spec, &arguments).await;
    }
    let options = Options {
        rotations: if arguments.observe {
            0
        } else {
            arguments.rotations
        },
        interval: Duration::from_millis(arguments.interval_ms),
        steady: Duration::from_millis(arguments.steady_ms),
        writer: arguments.writer,
        classes: (!arguments.classes.is_empty()).then_some(arguments.classes),
        rate: arguments.rate,
        downloads: arguments.downloads,
        pool: arguments.pool,
        scenarios: match arguments.scenarios.is_empty() {
            _ if arguments.no_scenarios || arguments.observe => Vec::new(),
            true => Scenario::all().to_vec(),
            false => arguments.scenarios,
        },
        jobs: arguments.jobs,
        patience: Duration::from_millis(arguments.patience_ms),
        observe: arguments.observe,
    };
    let progress = Progress::new(&options, arguments.quiet);
    let interrupt = interrupt()?;
    let guard = Guard::post(&std::env::current_exe()?)?;
    let control = RunControl {
        progress: &|step| progress.show(&step),
        interrupt: interrupt.clone(),
    };
    let report = check(&spec, &options, &control).await;
    progress.end();
    let code = arguments.output.write(&report?, NONE)?;
    // ScenarioRuns that were given up may still be letting go of their servers.
    drop(guard);
    Ok(match interrupt.borrow().is_some() {
        true => ExitCode::from(INTERRUPTED),
        false => code,
    })
}

/// The course. Each stage is printed when it is over.
async fn take(spec: &Spec, arguments: &Check) -> io::Result<ExitCode> {
    let effort = CourseOptions {
        jobs: arguments.jobs,
        patience: Duration::from_millis(arguments.patience_ms),
        ..CourseOptions::full()
    };
    let control = RunControl {
        progress: &|_| (),
        interrupt: interrupt()?,
    };
    let show = |at: usize, attempt: &course::Attempt| {
        // A reader that has read enough is told at the end.
        let _ = print(&course::text::stage(at + 1, attempt));
    };
    let taken = course(spec, &effort, &control, &show).await?;
    print(&format!("\n{}", course::text::end(&taken)))?;
    if let Some(file) = &arguments.output.json {
        let json = serde_json::to_string_pretty(&taken)? + "\n";
        let written = write_whole(file, json.as_bytes());
        written.map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    }
    Ok(match (taken.passed, &taken.interrupted) {
        (true, _) => ExitCode::SUCCESS,
        (false, Some(_)) => ExitCode::from(INTERRUPTED),
        (false, None) => ExitCode::FAILURE,
    })
}

impl Output {
    /// Writes what was asked for, and always a summary to stdout. Where one of them cannot be
    /// written, the others are.
    fn write(&self, report: &Report, interrupted: u8) -> io::Result<ExitCode> {
        let summarized = print(&summary(report));
        let json = self.json.as_ref().map(|file| report.write(file));
        let page = self.page.as_ref().map(|file| {
            let written = write_whole(file, page(report).as_bytes());
            written.map_err(|error| io::Error::other(format!("{}: {error}", file.display())))
        });
        summarized?;
        json.transpose()?;
        page.transpose()?;
        let failed = |finding: &Finding| finding.severity == Severity::Failure;
        Ok(match (report.verdict.passed, &report.interrupted) {
            (true, _) => ExitCode::SUCCESS,
            // Whatever ended it, what was found until then is a verdict.
            (false, Some(_)) if !report.findings.iter().any(failed) => ExitCode::from(interrupted),
            (false, _) => ExitCode::FAILURE,
        })
    }
}

fn compared(arguments: &Compare) -> io::Result<ExitCode> {
    let before = Report::read(&arguments.before)?;
    let comparison = compare(&before, &Report::read(&arguments.after)?);
    if arguments.json {
        print(&(serde_json::to_string_pretty(&comparison)? + "\n"))?;
    } else {
        print(&comparison.to_string())?;
    }
    Ok(ExitCode::from(u8::from(comparison.worse())))
}

fn merged(arguments: &Merge) -> io::Result<ExitCode> {
    let reports = arguments.reports.iter().map(|file| Report::read(file));
    let reports = reports.collect::<Result<Vec<_>, _>>()?;
    let merged = merge(reports).map_err(io::Error::other)?;
    arguments.output.write(&merged, INTERRUPTED)
}

fn shown(arguments: &Show) -> io::Result<ExitCode> {
    arguments
        .output
        .write(&Report::read(&arguments.report)?, INTERRUPTED)
}

/// Prints. A reader that has read enough, `head` for one, is no failure.
fn print(text: &str) -> io::Result<ExitCode> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(io::Error::other(format!("stdout: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn interrupt() -> io::Result<watch::Receiver<Option<String>>> {
    let (tell, told) = watch::channel(None);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let error = tokio::select! {
            _ = terminate.recv() => "it was told to end (SIGTERM)",
            _ = interrupt.recv() => "it was interrupted (Ctrl-C)",
        };
        tell.send_replace(Some(error.into()));
        // Whoever asks again does not want to wait.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = tell.closed() => return,
        }
        end_all(std::process::id(), []);
        std::process::exit(INTERRUPTED.into());
    });
    Ok(told)
}
