//! The command line of `cargo benchmark`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use zdr::benchmark::BenchmarkOptions;
use zdr::check::Options;

/// Judge every server that this machine has, and measure what each costs.
#[derive(Parser)]
#[command(name = "benchmark", bin_name = "cargo benchmark")]
pub struct Arguments {
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
    /// The folder of the servers' TOML files [default: that of the checkout around the current directory].
    #[arg(long, value_name = "DIR", requires = "to")]
    pub servers: Option<PathBuf>,
    /// Where the figures are written [default: the file that the book's page is made from].
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
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
}
