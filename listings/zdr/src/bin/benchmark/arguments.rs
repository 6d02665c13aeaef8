//! The command line of `cargo benchmark`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use zdr::benchmark::BenchmarkOptions;
use zdr::benchmark::costs::CostOptions;
use zdr::check::Options;

/// Judge every server that this machine has, and measure what each costs.
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
    /// Measure only these servers, by the names of their files.
    pub names: Vec<String>,
    /// How often each server has its turn.
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// Rotations in each turn.
    #[arg(long, default_value_t = 10)]
    pub rotations: u32,
    /// Milliseconds from the beginning of one rotation to that of the next, at least.
    #[arg(long, default_value_t = 500)]
    pub interval_ms: u64,
    /// Attempts a second of each class.
    #[arg(long, default_value_t = 40.0)]
    pub rate: f64,
    /// Milliseconds for which handshakes are counted: full ones, and as long resumed ones.
    #[arg(long, default_value_t = 2000)]
    pub speed_ms: u64,
    /// Rotations while connections are held.
    #[arg(long, default_value_t = 100)]
    pub held_rotations: u32,
    /// Connections that are opened in each of these rotations, and held.
    #[arg(long, default_value_t = 10)]
    pub held_each: usize,
    /// Measure what a connection, a rotation, a handshake and QUIC cost, and nothing else. These figures have a
    /// file of their own.
    #[arg(long)]
    pub costs: bool,
    /// With `--costs`: connections that are kept and do nothing.
    #[arg(long, default_value_t = 500, requires = "costs")]
    pub connections: usize,
    /// With `--costs`: rotations for the time until clients are shown the new certificate, at most.
    #[arg(long, default_value_t = 100, requires = "costs")]
    pub renewals: u32,
    /// With `--costs`: milliseconds for which these rotations go on, at most.
    #[arg(long, default_value_t = 6000, requires = "costs")]
    pub renewing_ms: u64,
    /// With `--costs`: rotations under which an answer is under way.
    #[arg(long, default_value_t = 5, requires = "costs")]
    pub under_way: u32,
    /// With `--costs`: milliseconds for which handshakes are counted in each round, of each kind of key.
    #[arg(long, default_value_t = 700, requires = "costs")]
    pub handshake_ms: u64,
    /// With `--costs`: rotations under clients of QUIC.
    #[arg(long, default_value_t = 6, requires = "costs")]
    pub quic_rotations: u32,
    /// Measure `zdr check` itself, and nothing else: a default run, and its verdicts on two servers beside busy
    /// loops. These figures have a file of their own.
    #[arg(long, conflicts_with_all = ["costs", "names", "servers"])]
    pub itself: bool,
    /// With `--itself`: runs against each of the two servers.
    #[arg(long, default_value_t = 50, requires = "itself")]
    pub runs: u32,
    /// With `--itself`: how many of these runs there are at a time.
    #[arg(long, default_value_t = 1, requires = "itself")]
    pub at_once: usize,
    /// The folder of the servers' TOML files [default: that of the checkout around the current directory].
    #[arg(long, value_name = "DIR", requires = "to")]
    pub servers: Option<PathBuf>,
    /// Where the figures are written [default: the file that the book's page is made from].
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
            held: (self.held_rotations, self.held_each),
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
            connections: self.connections,
            rotations: self.renewals,
            rotating: Duration::from_millis(self.renewing_ms),
            held: (self.under_way, 1),
            time: Duration::from_millis(self.handshake_ms),
            quic_rotations: self.quic_rotations,
            patience: Options::default().patience,
        }
    }
}
