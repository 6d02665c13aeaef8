//! Two reports side by side: what became worse, what became better, and what is chance. `text` shows
//! a comparison in a terminal; `merge` makes one report of several load generators'.
//!
//! Uses `report`.

pub mod merge;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::stats_tests::{Alternative, fisher::fishers_exact};

use crate::report::at_risk::Exposure;
use crate::report::format;
use crate::report::standing::Standing;
use crate::report::times::Times;
use crate::report::{ClassReport, Finding, Latency, Phase, PhaseReport, Report};
use ch11_verification::attempt::Class;

/// A comparison that sees nothing but chance says otherwise in 1 of 20 at most, over all classes and
/// both directions together (Bonferroni).
const BY_CHANCE: f64 = 0.05;

/// What differs between two reports.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The first.
    pub before: Named,
    /// The second.
    pub after: Named,
    /// Whether nothing but the server differs. Where this is false, latency and times say little.
    pub comparable: bool,
    /// What differs of server, plan and machine.
    pub differences: Vec<Difference>,
    /// Findings that only the second has, or has as a failure.
    pub new: Vec<Finding>,
    /// Findings that only the first has, or has as a failure.
    pub gone: Vec<Finding>,
    /// Each class that is in both.
    pub classes: Vec<ClassComparison>,
    /// Times of rotations, in the first and in the second.
    pub rotations: (Times, Times),
    /// Bytes by which memory grew, in the first and in the second.
    pub memory_grown: Option<(i64, i64)>,
    /// Bytes of memory at the end, in the first and in the second.
    pub memory_after: Option<(u64, u64)>,
}

/// Which report one of the two is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The server.
    pub server: String,
    /// When the run began.
    pub began: String,
    /// Whether it passed.
    pub passed: bool,
    /// Whether it has no verdict: the run ended before its time, and nothing had failed until then.
    #[serde(default)]
    pub no_verdict: bool,
}

/// A condition that is not the same in both.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The condition, such as `rotations` or `processor`.
    pub what: String,
    /// In the first.
    pub before: String,
    /// In the second.
    pub after: String,
    /// Whether figures cannot be compared because of it.
    pub matters: bool,
}

/// Where a share of failures went.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// More fail, and not by chance.
    Worse,
    /// Fewer fail, and not by chance.
    Better,
    /// It may be chance.
    Chance,
}

/// Failures of a class.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// All attempts.
    pub attempts: u64,
    /// All failures.
    pub failed: u64,
    /// With 95 % confidence, not more than this share fails.
    pub failed_below: f64,
    /// How many failed of what was at risk during rotations, where that is known.
    pub at_risk: Option<Exposure>,
}

/// A class in both.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClassComparison {
    /// The class.
    pub class: Class,
    /// In the first.
    pub before: Share,
    /// In the second.
    pub after: Share,
    /// Whether the difference is more than chance.
    pub change: Change,
    /// How probable it is to see a difference like this, in its direction, where there is none:
    /// Fisher's exact test ("The Logic of Inductive Inference", J. R. Stat. Soc. 98, 1935).
    pub probability: f64,
    /// Latency with no rotation under way, the second's by the first's.
    pub steady: Ratios,
    /// Latency during rotations, the second's by the first's.
    pub rotating: Ratios,
}

/// The second's latency by the first's: 2.0 is twice as slow. `None` where one has none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ratios {
    /// Of the medians.
    pub p50: Option<f64>,
    /// Of the 99th percentiles.
    pub p99: Option<f64>,
    /// Of the 99.9th percentiles.
    pub p999: Option<f64>,
}

/// Compares two reports.
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let differences = differences(before, after);
    let common: Vec<(&ClassReport, &ClassReport)> = before
        .classes
        .iter()
        .filter_map(|a| Some((a, after.classes.iter().find(|b| b.class == a.class)?)))
        .collect();
    // Each class is tested in both directions.
    let limit = BY_CHANCE / (2 * common.len().max(1)) as f64;
    let both = before.resources.as_ref().zip(after.resources.as_ref());
    let grown = |r: &crate::report::Resources| {
        let bytes = i128::from(r.memory_after) - i128::from(r.memory_before);
        i64::try_from(bytes).unwrap_or(i64::MAX)
    };
    Comparison {
        before: named(before),
        after: named(after),
        comparable: !differences.iter().any(|difference| difference.matters),
        differences,
        new: only_in(&after.findings, &before.findings),
        gone: only_in(&before.findings, &after.findings),
        classes: common.iter().map(|(a, b)| class(a, b, limit)).collect(),
        rotations: (Times::of(&before.rotations), Times::of(&after.rotations)),
        memory_grown: both.map(|(a, b)| (grown(a), grown(b))),
        memory_after: both.map(|(a, b)| (a.memory_after, b.memory_after)),
    }
}

impl Comparison {
    /// Whether the second is worse: it has a failure that counts and that the first has not, or a class of clients
    /// fails more often, and not by chance. Latency alone never makes it worse.
    pub fn worse(&self) -> bool {
        let fails_more = |class: &ClassComparison| class.change == Change::Worse;
        self.new.iter().any(Finding::fails) || self.classes.iter().any(fails_more)
    }

    /// Whether nothing follows from it: the second is not worse as far as it goes, and has no verdict itself.
    pub fn undecided(&self) -> bool {
        self.after.no_verdict && !self.worse()
    }
}

fn named(report: &Report) -> Named {
    Named {
        server: report.server.name.clone(),
        began: report.began.clone(),
        passed: report.verdict.passed,
        no_verdict: report.standing() == Standing::Undecided,
    }
}

fn differences(before: &Report, after: &Report) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut differ = |what: &str, matters: bool, of: &dyn Fn(&Report) -> String| {
        let (before, after) = (of(before), of(after));
        if before != after {
            differences.push(Difference {
                what: what.into(),
                before,
                after,
                matters,
            });
        }
    };
    differ("server", false, &|r| r.server.name.clone());
    differ("way of reloading", false, &|r| r.server.reload.clone());
    differ("version of zdr", false, &|r| r.zdr.clone());
    differ("load generators", true, &|r| r.generators.to_string());
    differ("rotations", true, &|r| r.plan.rotations.to_string());
    differ("interval", true, &|r| format!("{} ms", r.plan.interval_ms));
    differ("writer", true, &|r| r.plan.writer.clone());
    differ("rates", true, &|r| rates(&r.plan.rates));
    differ("level", true, &|r| r.plan.require.to_string());
    differ("limit of reloading", true, &|r| {
        format!("{} ms", r.plan.reload_within_ms)
    });
    differ("limit of overlap", true, &|r| {
        format!("{} ms", r.plan.overlap_ms)
    });
    differ("scenarios", true, &|r| {
        let names: Vec<&str> = r.scenarios.iter().map(|s| s.name.as_str()).collect();
        names.join(", ")
    });
    differ("cores", true, &|r| r.machine.cores.to_string());
    differ("processor", true, &|r| r.machine.processor.clone());
    differ("system", false, &|r| r.machine.system.clone());
    differ("interrupted", true, &|r| {
        r.interrupted.clone().unwrap_or_else(|| "no".into())
    });
    differences
}

fn rates(rates: &BTreeMap<Class, f64>) -> String {
    let rates: Vec<String> = rates
        .iter()
        .map(|(class, rate)| format!("{class} {rate}"))
        .collect();
    rates.join(", ")
}

/// Those that `others` have not, or not as a failure. Their words are not compared, because they hold figures.
fn only_in(findings: &[Finding], others: &[Finding]) -> Vec<Finding> {
    let key = |finding: &Finding| (finding.severity, finding.code, finding.scenario.clone());
    let mut only: Vec<Finding> = Vec::new();
    for finding in findings {
        let known = |other: &Finding| {
            other.severity <= finding.severity
                && other.code == finding.code
                && other.scenario == finding.scenario
        };
        if !others.iter().any(known) && !only.iter().any(|one| key(one) == key(finding)) {
            only.push(finding.clone());
        }
    }
    only
}

fn class(before: &ClassReport, after: &ClassReport, limit: f64) -> ClassComparison {
    // Whether `less` has fewer failures than `more` by more than chance.
    let fewer = |less: &ClassReport, more: &ClassReport| {
        let passed = |class: &ClassReport| class.attempts.saturating_sub(class.failed);
        let table = [less.failed, passed(less), more.failed, passed(more)];
        fishers_exact(&table, Alternative::Less).unwrap_or(1.0)
    };
    let (worse, better) = (fewer(before, after), fewer(after, before));
    let change = match (worse < limit, better < limit) {
        (true, _) => Change::Worse,
        (_, true) => Change::Better,
        _ => Change::Chance,
    };
    let latency = |class: &ClassReport, of: &[Phase]| {
        let phases = of.iter().filter_map(|phase| class.phases.get(phase));
        Latency::together(phases.map(|phase: &PhaseReport| &phase.latency))
    };
    let ratios = |of: &[Phase]| {
        let (before, after) = (latency(before, of), latency(after, of));
        Ratios {
            p50: format::ratio(after.p50, before.p50),
            p99: format::ratio(after.p99, before.p99),
            p999: format::ratio(after.p999, before.p999),
        }
    };
    ClassComparison {
        class: before.class,
        before: share(before),
        after: share(after),
        change,
        probability: worse.min(better).clamp(0.0, 1.0),
        steady: ratios(&[Phase::Before, Phase::After]),
        rotating: ratios(&[Phase::During]),
    }
}

fn share(class: &ClassReport) -> Share {
    Share {
        attempts: class.attempts,
        failed: class.failed,
        failed_below: class.failed_below,
        at_risk: class.at_risk.as_ref().map(|of| of.attempts),
    }
}
