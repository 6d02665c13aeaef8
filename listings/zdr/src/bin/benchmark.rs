//! `cargo benchmark`: every server that this machine has, side by side.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use time::OffsetDateTime;
use tokio::sync::watch;
use zdr::benchmark::{Benchmark, BenchmarkOptions, compare, is_present};
use zdr::check::{Options, RunControl};
use zdr::report::file::write_whole;
use zdr::scenarios::scenario::Scenario;
use zdr::server::spec::Spec;

/// Judge every server that this machine has, and measure what each costs.
#[derive(Parser)]
#[command(name = "cargo benchmark")]
struct Arguments {
    /// Only these, by the names of their files.
    servers: Vec<String>,
    /// How often each has its turn.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Rotations in each turn.
    #[arg(long, default_value_t = 10)]
    rotations: u32,
    /// Milliseconds from one to the next, at least.
    #[arg(long, default_value_t = 500)]
    interval_ms: u64,
    /// Attempts a second of each class.
    #[arg(long, default_value_t = 40.0)]
    rate: f64,
    /// Milliseconds for which handshakes are counted, of each of the two kinds.
    #[arg(long, default_value_t = 2000)]
    speed_ms: u64,
    /// Rotations with connections that are held.
    #[arg(long, default_value_t = 100)]
    held_rotations: u32,
    /// Connections that are opened under each of these.
    #[arg(long, default_value_t = 10)]
    held_each: usize,
    /// Where the figures are written. The book's page is made from this file.
    #[arg(long)]
    to: Option<PathBuf>,
}

/// In the order of the page: ours, then the others.
const ORDER: [&str; 18] = [
    "ch06",
    "ch08",
    "ch05",
    "ch07",
    "ch03",
    "ch04",
    "ch02",
    "go",
    "python",
    "ch01",
    "nginx",
    "haproxy-runtime",
    "haproxy-reload",
    "envoy",
    "caddy",
    "traefik",
    "s_server",
    "broken",
];

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
    // `cargo run` says where the crate is. What is compiled in would be where it was.
    let crate_directory = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let crate_directory = crate_directory.ok_or_else(|| {
        io::Error::other("run it as `cargo benchmark`, which says where the servers are")
    })?;
    build(&crate_directory)?;
    let (mut specs, mut missing) = (Vec::new(), Vec::new());
    for name in ORDER {
        let wanted = &arguments.servers;
        // The sound server of the falsification is none that anybody would run.
        let by_default = wanted.is_empty() && name != "broken";
        if by_default || wanted.iter().any(|wanted| wanted == name) {
            let spec = Spec::read(&crate_directory.join(format!("servers/{name}.toml")))?;
            match is_present(&spec) {
                true => specs.push(spec),
                false => {
                    eprintln!("skipped: {name} not found");
                    missing.push(name.to_owned());
                }
            }
        }
    }
    let options = BenchmarkOptions {
        rounds: arguments.rounds,
        check: Options {
            rotations: arguments.rotations,
            interval: Duration::from_millis(arguments.interval_ms),
            rate: arguments.rate,
            scenarios: Scenario::all().to_vec(),
            ..Options::default()
        },
        time: Duration::from_millis(arguments.speed_ms),
        held: (arguments.held_rotations, arguments.held_each),
    };
    let (_never, interrupt) = watch::channel(None);
    let control = RunControl {
        progress: &|_| (),
        interrupt,
    };
    let to = arguments
        .to
        .unwrap_or_else(|| crate_directory.join("measured/compare.json"));
    let command = std::env::args().skip(1);
    let command: Vec<_> = ["cargo".into(), "compare".into()]
        .into_iter()
        .chain(command)
        .collect();
    let keep = |rounds, servers| {
        let compared = Benchmark {
            date: OffsetDateTime::now_utc().date().to_string(),
            command: command.join(" "),
            machine: zdr::check::machine(),
            rounds,
            rotations: arguments.rotations,
            interval_ms: arguments.interval_ms,
            rate: arguments.rate,
            servers,
            missing: missing.clone(),
        };
        let text = serde_json::to_string_pretty(&compared)? + "\n";
        write_whole(&to, text.as_bytes())?;
        println!("wrote {} after round {rounds}", to.display());
        Ok(())
    };
    compare(
        &specs,
        &options,
        &control,
        &|line| eprintln!("{line}"),
        &keep,
    )
    .await
}

/// The book's own servers lie beside this program, built as it is.
fn build(crate_directory: &Path) -> io::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(crate_directory.join("../..")).args([
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--bins",
    ]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    match command.status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("the servers could not be built")),
    }
}
