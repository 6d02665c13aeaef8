//! Servers side by side: what `cargo benchmark` measures and writes down. `cost` measures what a
//! server costs, `result` adds up its rounds, `program` finds it on this machine. `costs` are measured apart: what
//! a `connection`, a rotation (`renewal`) and a `handshake` cost. `quiet` says whether the machine did nothing else.
//! `itself` is what a check costs, and whether its verdicts hold on a busy machine.
//!
//! Uses `check` and what `check` uses.

pub mod connection;
pub mod cost;
pub mod costs;
pub mod handshake;
pub mod itself;
mod program;
pub mod quiet;
pub mod renewal;
mod result;

use std::io;
use std::time::Duration;

use ch09_simulating_rotation::Writer;

use crate::check::{Options, RunControl, check};
use crate::report::Report;
use crate::server::spec::Spec;
use crate::testbed::shared::SharedFixtures;
use cost::{held, speed};
pub use program::is_present;
pub use result::{Benchmark, ClassResult, ServerResult};

/// How much is measured.
#[derive(Clone, Debug)]
pub struct BenchmarkOptions {
    /// How often each server has its turn.
    pub rounds: u32,
    /// What is asked of it.
    pub check: Options,
    /// How long handshakes are counted, for each of the two kinds.
    pub time: Duration,
    /// Rotations with connections that are held, and connections for each.
    pub held: (u32, usize),
}

/// Measures the servers, one after the other, round by round, so that what the machine does
/// meanwhile meets all of them. After each round `keep` is given what there is by then, and the number
/// of rounds: a run of half an hour that is ended early has not been for nothing.
///
/// # Errors
/// When our own side cannot be set up, and when `keep` fails. A server that fails is a result.
pub async fn benchmark(
    specs: &[Spec],
    options: &BenchmarkOptions,
    control: &RunControl<'_>,
    say: &(dyn Fn(&str) + Sync),
    keep: &(dyn Fn(u32, Vec<ServerResult>) -> io::Result<()> + Sync),
) -> io::Result<()> {
    let mut servers: Vec<_> = specs.iter().map(ServerResult::new).collect();
    let mut reports: Vec<Vec<Report>> = specs.iter().map(|_| Vec::new()).collect();
    for round in 1..=options.rounds {
        for ((spec, server), reports) in specs.iter().zip(&mut servers).zip(&mut reports) {
            say(&format!(
                "round {round} of {}: {}",
                options.rounds, spec.name
            ));
            match one(spec, options, round, server, control).await {
                Ok(report) => reports.push(report),
                Err(error) => server.trouble = Some(error.to_string()),
            }
        }
        let all = servers.iter().zip(&reports);
        keep(round, all.map(|(server, of)| server.with(of)).collect())?;
    }
    Ok(())
}

async fn one(
    spec: &Spec,
    options: &BenchmarkOptions,
    round: u32,
    server: &mut ServerResult,
    control: &RunControl<'_>,
) -> io::Result<Report> {
    let mut check_options = options.check.clone();
    if round > 1 {
        // What a server does with bad files does not change from round to round.
        check_options.scenarios = Vec::new();
    }
    let report = check(spec, &check_options, control).await?;
    let fixtures = SharedFixtures::new(spec, check_options.patience).await?;
    {
        let testbed = fixtures.start(Writer::VaultAgent).await?;
        server
            .full
            .push(speed(&testbed, false, options.time).await?);
        server
            .returning
            .push(speed(&testbed, true, options.time).await?);
    }
    let (rotations, each) = options.held;
    if round == 1 && rotations > 0 {
        match held(&fixtures, rotations, each).await {
            Ok(held) => server.held = Some(held),
            Err(error) => server.not_held = Some(error.to_string()),
        }
    }
    Ok(report)
}
