//! `cargo benchmark`: every server that this machine has, side by side.

mod arguments;
mod servers;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use time::OffsetDateTime;
use tokio::sync::watch;
use zdr::benchmark::{Benchmark, ServerResult, benchmark};
use zdr::check::{RunControl, machine};
use zdr::report::file::write_whole;

use arguments::Arguments;
use servers::{Checkout, names, present};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let here = std::env::current_dir()?;
    let checkout = Checkout::around(&here);
    let (folder, to) = places(&arguments, checkout.as_ref(), &here)?;
    let names = names(&folder, &arguments.names)?;
    if let Some(checkout) = &checkout {
        checkout.build()?;
    }
    let (specs, missing) = present(&folder, &names)?;
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let keep = |rounds, servers| {
        write(&figures(&arguments, rounds, servers, &missing), &to)?;
        println!("wrote {} after round {rounds}", to.display());
        Ok(())
    };
    let say = |line: &str| eprintln!("{line}");
    benchmark(&specs, &arguments.options(), &control, &say, &keep).await
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
    let to = to.or_else(|| checkout.map(Checkout::figures));
    folder.zip(to).ok_or_else(nowhere)
}

fn figures(
    arguments: &Arguments,
    rounds: u32,
    servers: Vec<ServerResult>,
    missing: &[String],
) -> Benchmark {
    let command = ["cargo".into(), "benchmark".into()].into_iter();
    let command: Vec<String> = command.chain(std::env::args().skip(1)).collect();
    Benchmark {
        date: OffsetDateTime::now_utc().date().to_string(),
        command: command.join(" "),
        machine: machine(),
        rounds,
        rotations: arguments.rotations,
        interval_ms: arguments.interval_ms,
        rate: arguments.rate,
        servers,
        missing: missing.to_vec(),
    }
}

fn write(figures: &Benchmark, to: &Path) -> io::Result<()> {
    let text = serde_json::to_string_pretty(figures)? + "\n";
    write_whole(to, text.as_bytes())
}
