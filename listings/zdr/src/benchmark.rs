//! Servers side by side: what `cargo benchmark` measures and writes down.

pub mod cost;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ch09_simulating_rotation::Writer;
use serde::{Deserialize, Serialize};

use crate::benchmark::cost::{Held, Speed, held, speed};
use crate::check::{Options, RunControl, check};
use crate::report::latency::histogram;
use crate::report::{Code, Machine, Outcome, Phase, Report, Severity};
use crate::server::spec::Spec;
use crate::testbed::{SharedFixtures, TestBed};
use ch11_verification::attempt::Class;
use ch11_verification::bound::upper;

/// The whole comparison.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Benchmark {
    /// The day, UTC.
    pub date: String,
    /// The command that measured it.
    pub command: String,
    /// Where.
    pub machine: Machine,
    /// How often each server had its turn.
    pub rounds: u32,
    /// Rotations in each turn.
    pub rotations: u32,
    /// From one to the next, in milliseconds, at least.
    pub interval_ms: u64,
    /// Attempts a second of each class.
    pub rate: f64,
    /// The servers that are there.
    pub servers: Vec<ServerResult>,
    /// Those that are not: their program was not found.
    pub missing: Vec<String>,
}

/// A server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ServerResult {
    /// Its name.
    pub name: String,
    /// What its version command printed.
    pub version: String,
    /// How it is told to reload, in words.
    pub reload: String,
    /// What each class of clients met, all rounds together.
    pub classes: BTreeMap<Class, ClassResult>,
    /// The outcome of each scenario, the worst of all rounds.
    pub scenarios: BTreeMap<String, Outcome>,
    /// Rotations that were shown in time, of all.
    pub shown: (u32, u32),
    /// From the agent's first write to the end of the first handshake that showed the new certificate,
    /// in milliseconds: median and worst. Whoever has to be told is told meanwhile.
    pub new_after_ms: Option<(f64, f64)>,
    /// Failures that are found while all is well, each with its first words.
    pub failures: BTreeMap<Code, String>,
    /// Warnings.
    pub warnings: BTreeMap<Code, String>,
    /// Full handshakes, in each round.
    pub full: Vec<Speed>,
    /// The same by clients who return.
    pub returning: Vec<Speed>,
    /// Memory and connections over many rotations.
    pub held: Option<Held>,
    /// Why it has no figures of that, where it has none.
    #[serde(default)]
    pub not_held: Option<String>,
    /// Why it has no figures, where it has none.
    pub trouble: Option<String>,
}

/// A class.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct ClassResult {
    /// Attempts.
    pub attempts: u64,
    /// Failures.
    pub failed: u64,
    /// Not more than this share fails, with 95 % confidence.
    pub failed_below: f64,
    /// Median and 99th percentile before the first rotation, in microseconds.
    pub steady_us: (u64, u64),
    /// The same during rotations.
    pub during_us: (u64, u64),
}

/// How much is measured.
#[derive(Clone, Debug)]
pub struct BenchmarkOptions {
    /// How often each server has its turn.
    pub rounds: u32,
    /// What is asked of it.
    pub options: Options,
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
/// When not even our own side can be set up, and when `keep` fails. What a server does not stand is a
/// result.
pub async fn compare(
    specs: &[Spec],
    effort: &BenchmarkOptions,
    control: &RunControl<'_>,
    say: &(dyn Fn(&str) + Sync),
    keep: &(dyn Fn(u32, Vec<ServerResult>) -> io::Result<()> + Sync),
) -> io::Result<()> {
    let mut servers: Vec<_> = specs.iter().map(ServerResult::new).collect();
    let mut reports: Vec<Vec<Report>> = specs.iter().map(|_| Vec::new()).collect();
    for round in 1..=effort.rounds {
        for ((spec, server), reports) in specs.iter().zip(&mut servers).zip(&mut reports) {
            say(&format!(
                "round {round} of {}: {}",
                effort.rounds, spec.name
            ));
            match one(spec, effort, round, server, control).await {
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
    effort: &BenchmarkOptions,
    round: u32,
    server: &mut ServerResult,
    control: &RunControl<'_>,
) -> io::Result<Report> {
    let mut options = effort.options.clone();
    if round > 1 {
        // What a server does with bad files does not change from round to round.
        options.scenarios = Vec::new();
    }
    let report = check(spec, &options, control).await?;
    let fixtures = Arc::new(SharedFixtures::new(spec).await?);
    {
        let writer = Writer::VaultAgent;
        let testbed = TestBed::set_up(spec, &fixtures, writer, options.patience).await?;
        server.full.push(speed(&testbed, false, effort.time).await?);
        server
            .returning
            .push(speed(&testbed, true, effort.time).await?);
    }
    let (rotations, each) = effort.held;
    if round == 1 && rotations > 0 {
        match held(spec, &fixtures, rotations, each, options.patience).await {
            Ok(held) => server.held = Some(held),
            Err(error) => server.not_held = Some(error.to_string()),
        }
    }
    Ok(report)
}

impl ServerResult {
    fn new(spec: &Spec) -> Self {
        Self {
            name: spec.name.clone(),
            version: spec.version.as_deref().map_or_else(String::new, version),
            reload: spec.reload.words(),
            ..Self::default()
        }
    }

    /// Itself, with the sum of what its rounds have shown.
    fn with(&self, reports: &[Report]) -> Self {
        let mut sum = self.clone();
        sum.add(reports);
        sum
    }

    fn add(&mut self, reports: &[Report]) {
        let mut latencies: BTreeMap<(Class, Phase), _> = BTreeMap::new();
        let mut new_after = Vec::new();
        for report in reports {
            for class in &report.classes {
                let of = self.classes.entry(class.class).or_default();
                of.attempts += class.attempts;
                of.failed += class.failed;
                for (phase, report) in &class.phases {
                    let all = latencies
                        .entry((class.class, *phase))
                        .or_insert_with(histogram);
                    // Both have the same bounds.
                    let _ = all.add(report.latency.histogram());
                }
            }
            for scenario in &report.scenarios {
                let worst = self.scenarios.entry(scenario.name.clone());
                let worst = worst.or_insert(scenario.outcome);
                if scenario.outcome == Outcome::Failed {
                    *worst = Outcome::Failed;
                }
            }
            for rotation in &report.rotations {
                self.shown.1 += 1;
                self.shown.0 += u32::from(rotation.first_new_ms.is_some());
                let telling = rotation.notified_ms - rotation.began_ms;
                new_after.extend(rotation.first_new_ms.map(|after| telling + after));
            }
            for finding in &report.findings {
                if finding.scenario != crate::judge::findings::ROTATION {
                    continue;
                }
                let into = match finding.severity {
                    Severity::Failure => &mut self.failures,
                    Severity::Warning => &mut self.warnings,
                };
                into.entry(finding.code)
                    .or_insert_with(|| finding.words.clone());
            }
        }
        for (class, of) in &mut self.classes {
            of.failed_below = upper(of.failed, of.attempts);
            let figures = |phase| {
                let all = latencies.get(&(*class, phase));
                all.map_or((0, 0), |all| {
                    (all.value_at_quantile(0.5), all.value_at_quantile(0.99))
                })
            };
            of.steady_us = figures(Phase::Before);
            of.during_us = figures(Phase::During);
        }
        new_after.sort_by(f64::total_cmp);
        self.new_after_ms = new_after
            .last()
            .map(|worst| (new_after[new_after.len() / 2], *worst));
    }
}

/// The first line that has a digit in it: what a program says of its version.
fn version(command: &[String]) -> String {
    let Some((program, arguments)) = command.split_first() else {
        return String::new();
    };
    let output = std::process::Command::new(program).args(arguments).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat());
    let text = text.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.chars().any(char::is_numeric));
    // Some say their whole path, which is this machine's own.
    let words = line.unwrap_or_default().split_whitespace();
    let words: Vec<_> = words
        .map(|word| match Path::new(word) {
            path if path.is_absolute() => path.file_name().unwrap_or_default().to_string_lossy(),
            _ => word.into(),
        })
        .collect();
    words.join(" ")
}

/// Whether a server can be started here: its program, and what it needs beside it, are found.
pub fn is_present(spec: &Spec) -> bool {
    let named = spec.version.as_ref().and_then(|command| command.first());
    let program = named.or_else(|| spec.command.first());
    program.is_some_and(|program| found(program))
}

fn found(program: &str) -> bool {
    let beside = crate::server::beside(program);
    if beside.is_absolute() {
        return beside.is_file();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(Path::new(program)).is_file())
}

#[cfg(test)]
mod tests {
    /// No page shall say where on this machine a program lies.
    #[test]
    fn a_version_without_a_path() {
        let printed = [
            "/bin/sh",
            "-c",
            "echo; echo \"/opt/some/envoy  version: 0a1b/1.40.0\"",
        ];
        let version = super::version(&printed.map(str::to_owned));
        assert_eq!(version, "envoy version: 0a1b/1.40.0");
    }
}
