//! `zdr`: the verdict on any server.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use ch11_verification::check::{Options, Watcher, check};
use ch11_verification::progress::Progress;
use ch11_verification::record::Class;
use ch11_verification::scenario::Trial;
use ch11_verification::spec::Spec;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Does this server rotate its TLS certificate with zero downtime?
#[derive(Parser)]
#[command(name = "zdr", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(Box<Check>),
}

/// Rotate a server's certificate under load, do to it what can go wrong, and judge it.
#[derive(clap::Args)]
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
    /// How files are written.
    #[arg(long, value_enum, default_value = "vault-agent")]
    writer: Writer,
    /// Only these classes of clients. May be said several times.
    #[arg(long, value_enum, value_delimiter = ',')]
    classes: Vec<Class>,
    /// Attempts a second, of each class.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Downloads, and long HTTP/2 streams, at once.
    #[arg(long, default_value_t = 2)]
    downloads: usize,
    /// Connections that are kept for HTTP/1.1.
    #[arg(long, default_value_t = 8)]
    pool: usize,
    /// Only these things are done to the server. May be said several times.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenarios: Vec<Trial>,
    /// Do nothing to it but rotating.
    #[arg(long, conflicts_with = "scenarios")]
    no_scenarios: bool,
    /// Scenarios at once.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Milliseconds that a client waits for anything.
    #[arg(long, default_value_t = 5000)]
    patience_ms: u64,
    /// Ask clients for certificates, where the server can.
    #[arg(long)]
    mutual: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Check(check) = Arguments::parse().command;
    match run(*check).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(3)
        }
    }
}

async fn run(arguments: Check) -> io::Result<bool> {
    let mut spec = Spec::read(&arguments.server)?;
    if arguments.mutual {
        spec = spec
            .asking_clients()
            .ok_or_else(|| io::Error::other("it cannot ask clients"))?;
    }
    let options = Options {
        rotations: arguments.rotations,
        interval: Duration::from_millis(arguments.interval_ms),
        steady: Duration::from_millis(arguments.steady_ms),
        writer: arguments.writer,
        classes: (!arguments.classes.is_empty()).then_some(arguments.classes),
        rate: arguments.rate,
        downloads: arguments.downloads,
        pool: arguments.pool,
        scenarios: match (arguments.no_scenarios, arguments.scenarios.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => Trial::ALL.to_vec(),
            (false, false) => arguments.scenarios,
        },
        jobs: arguments.jobs,
        patience: Duration::from_millis(arguments.patience_ms),
    };
    let progress = Progress::new(&options, arguments.quiet);
    let watcher = Watcher {
        progress: &|step| progress.show(&step),
        interrupt: interrupt()?,
    };
    let report = check(&spec, &options, &watcher).await;
    progress.end();
    let report = report?;
    println!(
        "{}",
        serde_json::to_string_pretty(&report).map_err(io::Error::other)?
    );
    Ok(report.verdict.passed)
}

fn interrupt() -> io::Result<watch::Receiver<Option<String>>> {
    let (tell, told) = watch::channel(None);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let why = tokio::select! {
            _ = terminate.recv() => "it was told to end (SIGTERM)",
            _ = interrupt.recv() => "it was interrupted (Ctrl-C)",
        };
        tell.send_replace(Some(why.into()));
        tell.closed().await;
    });
    Ok(told)
}
