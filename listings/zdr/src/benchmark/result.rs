//! What was measured of each server, and the sum over its rounds.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::cost::{Held, Speed};
use super::program::version;
use crate::judge::findings::ROTATION;
use crate::report::at_risk::Exposure;
use crate::report::latency::histogram;
use crate::report::{ClassReport, Code, Finding, Machine, Outcome, Phase, Report, Severity};
use crate::server::spec::Spec;
use ch11_verification::attempt::Class;
use ch11_verification::bound::upper;

/// The whole comparison.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Benchmark {
    /// The day, UTC.
    pub date: String,
    /// The command that measured it.
    pub command: String,
    /// The machine, on which servers and clients ran.
    pub machine: Machine,
    /// How often each server had its turn.
    pub rounds: u32,
    /// Rotations in each turn.
    pub rotations: u32,
    /// From the beginning of one rotation to that of the next, in milliseconds, at least.
    pub interval_ms: u64,
    /// Attempts a second of each class.
    pub rate: f64,
    /// The servers that are there.
    pub servers: Vec<ServerResult>,
    /// Those that are not: their program was not found.
    pub missing: Vec<String>,
}

/// What was measured of a server, all rounds together.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ServerResult {
    /// Its name.
    pub name: String,
    /// What its version command printed.
    pub version: String,
    /// How it is notified of new files, in words.
    pub reload: String,
    /// What each class of clients met, all rounds together.
    pub classes: BTreeMap<Class, ClassResult>,
    /// The outcome of each scenario, the worst of all rounds.
    pub scenarios: BTreeMap<String, Outcome>,
    /// Rotations that were shown in time, of all.
    pub shown: (u32, u32),
    /// From the agent's first write to the end of the first handshake that showed the new certificate,
    /// in milliseconds: median and worst. A server that has to be notified is notified meanwhile.
    pub new_after_ms: Option<(f64, f64)>,
    /// Failures that are found while only rotating, each with the words of the first.
    pub failures: BTreeMap<Code, String>,
    /// Warnings, in the same way.
    pub warnings: BTreeMap<Code, String>,
    /// Full handshakes, in each round.
    pub full: Vec<Speed>,
    /// Connections of returning clients, in each round.
    pub returning: Vec<Speed>,
    /// Memory and connections over many rotations.
    pub held: Option<Held>,
    /// Why it has no figures of that, where it has none.
    #[serde(default)]
    pub not_held: Option<String>,
    /// Why it has no figures, where it has none.
    pub trouble: Option<String>,
}

/// What a class of clients met.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct ClassResult {
    /// Attempts.
    pub attempts: u64,
    /// Failures.
    pub failed: u64,
    /// Not more than this share fails, with 95 % confidence.
    pub failed_below: f64,
    /// Failures of what was at risk during rotations. `None` in figures that are older than this.
    #[serde(default)]
    pub at_risk: Option<RiskResult>,
    /// Median and 99th percentile before the first rotation, in microseconds.
    pub steady_us: (u64, u64),
    /// The same during rotations.
    pub during_us: (u64, u64),
}

/// What rotations can have hurt, all rounds together.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct RiskResult {
    /// Attempts, once for each rotation that they met.
    pub attempts: Exposure,
    /// Kept connections, once for each rotation that they met.
    pub connections: Option<Exposure>,
    /// Rotations.
    pub rotations: Exposure,
}

impl RiskResult {
    /// With another round.
    fn plus(self, other: Self) -> Self {
        let connections = self.connections.zip(other.connections);
        Self {
            attempts: self.attempts.plus(other.attempts),
            connections: connections.map(|(a, b)| a.plus(b)),
            rotations: self.rotations.plus(other.rotations),
        }
    }
}

impl ServerResult {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            name: spec.name.clone(),
            version: spec.version.as_deref().map_or_else(String::new, version),
            reload: spec.reload.words(),
            ..Self::default()
        }
    }

    /// Itself, with the sum of what its rounds have shown.
    pub(super) fn with(&self, reports: &[Report]) -> Self {
        let mut sum = self.clone();
        sum.add(reports);
        sum
    }

    fn add(&mut self, reports: &[Report]) {
        let mut latencies = Latencies::new();
        let mut new_after = Vec::new();
        for report in reports {
            for class in &report.classes {
                self.add_class(class, &mut latencies);
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
            self.add_findings(&report.findings);
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

    fn add_class(&mut self, class: &ClassReport, latencies: &mut Latencies) {
        let of = self.classes.entry(class.class).or_default();
        of.attempts += class.attempts;
        of.failed += class.failed;
        let round = class.at_risk.as_ref().map(|at_risk| RiskResult {
            attempts: at_risk.attempts,
            connections: at_risk.connections,
            rotations: at_risk.rotations,
        });
        of.at_risk = match (of.at_risk, round) {
            (Some(sum), Some(round)) => Some(sum.plus(round)),
            (sum, round) => sum.or(round),
        };
        for (phase, report) in &class.phases {
            let all = latencies
                .entry((class.class, *phase))
                .or_insert_with(histogram);
            // Both have the same bounds.
            let _ = all.add(report.latency.histogram());
        }
    }

    /// Keeps what was found while only rotating: scenarios have a table of their own.
    fn add_findings(&mut self, findings: &[Finding]) {
        let rotating = findings.iter().filter(|one| one.scenario == ROTATION);
        for finding in rotating {
            let into = match finding.severity {
                Severity::Failure => &mut self.failures,
                Severity::Warning => &mut self.warnings,
            };
            into.entry(finding.code)
                .or_insert_with(|| finding.words.clone());
        }
    }
}

/// All rounds' latencies of a class in a phase.
type Latencies = BTreeMap<(Class, Phase), Histogram<u64>>;
