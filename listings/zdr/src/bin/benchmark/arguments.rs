//! The command line of `cargo benchmark`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use zdr::benchmark::BenchmarkOptions;
use zdr::benchmark::costs::CostOptions;
use zdr::check::{Options, rate};

/// More is a mistake of who typed it.
const MANY: i64 = 100_000;
const A_DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Check every server that is installed on this machine, and measure what each costs.
#[derive(Parser)]
#[command(
    name = "benchmark",
    bin_name = "cargo benchmark",
    args_conflicts_with_subcommands = true,
    override_usage = "cargo benchmark [OPTIONS] [NAMES]..."
)]
pub struct Arguments {
    /// What this program does for itself.
    #[command(subcommand)]
    pub of_itself: Option<OfItself>,
    /// Measure only these servers, by the names of their TOML files [default: all].
    pub names: Vec<String>,
    /// Number of rounds. Each round measures every server once.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub rounds: u32,
    /// Number of rotations in each round.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub rotations: u32,
    /// Shortest time from the start of one rotation to the start of the next, in milliseconds.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=A_DAY_MS))]
    pub interval_ms: u64,
    /// Attempts per second, for each class.
    #[arg(long, default_value_t = 40.0, value_parser = rate)]
    pub rate: f64,
    /// How long full handshakes are counted, and then resumed ones, in milliseconds.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=A_DAY_MS))]
    pub speed_ms: u64,
    /// Number of rotations while connections are held open.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub held_rotations: u32,
    /// Number of connections that are opened in each of these rotations, and held open.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub held_each: u32,
    /// Measure only what a connection, a rotation, a handshake and QUIC cost. These figures go to a file of
    /// their own.
    #[arg(long)]
    pub costs: bool,
    /// With `--costs`: number of idle connections that are held open.
    #[arg(long, default_value_t = 500, requires = "costs", value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub connections: u32,
    /// With `--costs`: number of rotations, at most, that measure the time until clients are shown the new
    /// certificate.
    #[arg(long, default_value_t = 100, requires = "costs", value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub renewals: u32,
    /// With `--costs`: how long these rotations go on, at most, in milliseconds.
    #[arg(long, default_value_t = 6000, requires = "costs", value_parser = clap::value_parser!(u64).range(1..=A_DAY_MS))]
    pub renewing_ms: u64,
    /// With `--costs`: number of rotations while an answer is in progress.
    #[arg(long, default_value_t = 5, requires = "costs", value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub under_way: u32,
    /// With `--costs`: how long handshakes are counted in each round, for each kind of key, in milliseconds.
    #[arg(long, default_value_t = 700, requires = "costs", value_parser = clap::value_parser!(u64).range(1..=A_DAY_MS))]
    pub handshake_ms: u64,
    /// With `--costs`: number of rotations under QUIC clients.
    #[arg(long, default_value_t = 6, requires = "costs", value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub quic_rotations: u32,
    /// Measure only `zdr check` itself: a default run, and its verdicts on two servers beside busy loops. These
    /// figures go to a file of their own.
    #[arg(long, conflicts_with_all = ["costs", "names", "servers"])]
    pub itself: bool,
    /// With `--itself`: number of runs against each of the two servers.
    #[arg(long, default_value_t = 50, requires = "itself", value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub runs: u32,
    /// With `--itself`: number of these runs at the same time.
    #[arg(long, default_value_t = 1, requires = "itself", value_parser = clap::value_parser!(u32).range(1..=MANY))]
    pub at_once: u32,
    /// The folder of the servers' TOML files [default: that of the checkout around the current directory].
    #[arg(long, value_name = "DIR", requires = "to")]
    pub servers: Option<PathBuf>,
    /// The file for the figures [default: the file from which the book's page is made].
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// What the program starts itself for.
#[derive(Subcommand)]
pub enum OfItself {
    /// Clean up after a benchmark.
    #[command(hide = true)]
    Guard {
        /// The process number of that benchmark.
        pid: u32,
        /// Its directory for temporary files.
        directory: PathBuf,
    },
}

impl Arguments {
    /// What is measured of each server. Of scenarios: all.
    pub fn options(&self) -> BenchmarkOptions {
        BenchmarkOptions {
            rounds: self.rounds,
            check: Options {
                rotations: self.rotations,
                interval: Duration::from_millis(self.interval_ms),
                rate: self.rate,
                ..Options::default()
            },
            time: Duration::from_millis(self.speed_ms),
            held: (self.held_rotations, self.held_each as usize),
        }
    }
    /// The name of the file that the book's page is made from.
    pub fn file(&self) -> &'static str {
        match (self.costs, self.itself) {
            (true, _) => "costs.json",
            (_, true) => "itself.json",
            _ => "benchmark.json",
        }
    }

    /// What is measured of each server with `--costs`.
    pub fn cost_options(&self) -> CostOptions {
        CostOptions {
            rounds: self.rounds,
            connections: self.connections as usize,
            rotations: self.renewals,
            rotating: Duration::from_millis(self.renewing_ms),
            held: (self.under_way, 1),
            time: Duration::from_millis(self.handshake_ms),
            quic_rotations: self.quic_rotations,
            patience: Options::default().patience,
        }
    }
}
