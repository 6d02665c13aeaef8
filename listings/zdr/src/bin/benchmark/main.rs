//! `cargo benchmark`: every server that this machine has, side by side.

mod arguments;
mod itself;
mod servers;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use parking_lot::Mutex;
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::watch;
use zdr::benchmark::costs::{Costs, ServerCosts, costs};
use zdr::benchmark::quiet::busy;
use zdr::benchmark::{Benchmark, ServerResult, benchmark};
use zdr::check::{RunControl, machine};
use zdr::report::file::write_whole;
use zdr::server::cleanup::Reaper;
use zdr::server::interrupt::{INTERRUPTED, interrupt};
use zdr::server::lines::printable;
use zdr::server::spec::Spec;
use zdr::server::user::OpenMask;

use arguments::{Arguments, OfItself};
use lab::{eprintln, println};
use servers::{Checkout, names, of_http3, present};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.of_itself {
        Some(OfItself::Guard { pid, directory }) => Reaper::run(*pid, directory),
        None => interruptible(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", printable(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// Measures, and leaves nothing behind however it ends: no server, and no temporary file.
async fn interruptible(arguments: Arguments) -> io::Result<()> {
    let mut interrupt = interrupt()?;
    let _mask = OpenMask::set();
    let reaper = Reaper::start(&std::env::current_exe()?)?;
    tokio::select! {
        done = run(arguments) => done,
        why = interrupt.wait_for(Option::is_some) => {
            let why = why.ok().and_then(|why| why.clone()).unwrap_or_default();
            eprintln!("{why}. What was measured until the end of the last round is kept");
            drop(reaper);
            // What is measured on a thread of its own would be waited for.
            std::process::exit(INTERRUPTED.into());
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let here = std::env::current_dir()?;
    let checkout = Checkout::around(&here);
    let (folder, to) = places(&arguments, checkout.as_ref(), &here)?;
    if arguments.itself {
        return measure_itself(&arguments, checkout.as_ref(), &to).await;
    }
    let others = others(&arguments, checkout.as_ref())?;
    let mine = |name: &&String| others.iter().all(|(_, other)| other != *name);
    let wanted: Vec<_> = arguments.names.iter().filter(mine).cloned().collect();
    let mut chosen = Vec::new();
    if others.is_empty() || arguments.names.is_empty() || !wanted.is_empty() {
        let names = names(&folder, &wanted)?;
        chosen.extend(names.into_iter().map(|name| (folder.clone(), name)));
    }
    chosen.extend(others);
    if let Some(checkout) = &checkout {
        checkout.build()?;
    }
    let (specs, missing) = present(&chosen)?;
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    match arguments.costs {
        true => measure_costs(&arguments, &specs, &missing, &control, &to).await,
        false => {
            let keep = |rounds, servers| {
                write(&figures(&arguments, rounds, servers, &missing), &to)?;
                println!("wrote {} after round {rounds}", to.display());
                Ok(())
            };
            benchmark(&specs, &arguments.options(), &control, &say, &keep).await
        }
    }
}

/// What is measured now, for whoever waits.
fn say(line: &str) {
    eprintln!("{line}");
}

/// Servers of another folder, which only costs are measured of.
fn others(
    arguments: &Arguments,
    checkout: Option<&Checkout>,
) -> io::Result<Vec<(PathBuf, String)>> {
    let folder = checkout.map(Checkout::classes);
    let folder = folder.filter(|_| arguments.costs && arguments.servers.is_none());
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    let names = of_http3(&folder, &arguments.names)?;
    Ok(names
        .into_iter()
        .map(|name| (folder.clone(), name))
        .collect())
}

async fn measure_costs(
    arguments: &Arguments,
    specs: &[Spec],
    missing: &[String],
    control: &RunControl<'_>,
    to: &Path,
) -> io::Result<()> {
    let mut all = Costs {
        date: OffsetDateTime::now_utc().date().to_string(),
        command: command(),
        machine: machine(),
        busy_before: busy(Duration::from_secs(3)).await,
        handshake_ms: arguments.handshake_ms,
        rounds: 0,
        servers: Vec::new(),
        missing: missing.to_vec(),
    };
    if let Some(busy) = all.busy_before {
        println!("before the first server: {:.0} % busy", busy * 100.0);
    }
    let all = Mutex::new(&mut all);
    let keep = |rounds, servers: &[ServerCosts]| {
        let mut all = all.lock();
        all.rounds = rounds;
        all.servers = servers.to_vec();
        write(&**all, to)?;
        println!("wrote {} after round {rounds}", to.display());
        Ok(())
    };
    costs(specs, &arguments.cost_options(), control, &say, &keep).await
}

async fn measure_itself(
    arguments: &Arguments,
    checkout: Option<&Checkout>,
    to: &Path,
) -> io::Result<()> {
    let nowhere = "`--itself` runs the bundled server, which only a checkout of the book has";
    let checkout = checkout.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, nowhere))?;
    checkout.build()?;
    let to = std::path::absolute(to)?;
    std::env::set_current_dir(checkout.root())?;
    let measured = itself::measure(arguments.runs, arguments.at_once as usize, command()).await?;
    write(&measured, &to)?;
    println!("wrote {}", to.display());
    Ok(())
}

/// The command line, as it is typed.
fn command() -> String {
    let command = ["cargo".into(), "benchmark".into()].into_iter();
    let command: Vec<String> = command.chain(std::env::args().skip(1)).collect();
    command.join(" ")
}

/// The folder of the descriptions, and the file for the figures.
fn places(
    arguments: &Arguments,
    checkout: Option<&Checkout>,
    here: &Path,
) -> io::Result<(PathBuf, PathBuf)> {
    let nowhere = || {
        let error = format!(
            "neither {} nor a folder above it holds `listings/zdr/servers`: run this in a checkout of \
             the book, or give the folder of your servers' TOML files with `--servers DIR --to FILE`",
            here.display()
        );
        io::Error::new(io::ErrorKind::NotFound, error)
    };
    let servers = arguments.servers.clone();
    let folder = servers.or_else(|| checkout.map(Checkout::servers));
    let to = arguments.to.clone();
    let to = to.or_else(|| checkout.map(|checkout| checkout.figures(arguments.file())));
    folder.zip(to).ok_or_else(nowhere)
}

fn figures(
    arguments: &Arguments,
    rounds: u32,
    servers: Vec<ServerResult>,
    missing: &[String],
) -> Benchmark {
    Benchmark {
        date: OffsetDateTime::now_utc().date().to_string(),
        command: command(),
        machine: machine(),
        rounds,
        rotations: arguments.rotations,
        interval_ms: arguments.interval_ms,
        rate: arguments.rate,
        servers,
        missing: missing.to_vec(),
    }
}

fn write(figures: &impl Serialize, to: &Path) -> io::Result<()> {
    let text = serde_json::to_string_pretty(figures)? + "\n";
    write_whole(to, text.as_bytes())
}
