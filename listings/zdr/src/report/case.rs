//! A report as tests that passed, failed or were skipped, as build servers show it.

use crate::gate::ROTATION;
use crate::report::cause::Cause;
use crate::report::format::name;
use crate::report::news::causes;
use crate::report::waiver::WaiverState;
use crate::report::{self, Finding, Report, ScenarioReport, Severity, Status};

/// A test.
pub(crate) struct Case {
    /// Its name, such as `download` or `torn`.
    pub(crate) name: String,
    /// The scenario that it is about, or `rotation`.
    pub(crate) scenario: String,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// What is to be known beside that.
    pub(crate) notes: Vec<String>,
}

/// What came of a test.
pub(crate) enum Outcome {
    /// All is well.
    Passed,
    /// A failure that counts: its name, what is wrong, and all that is to be said of it.
    Failed(String, String, String),
    /// There is no result.
    Broken(String),
    /// Nothing that counts, and why.
    Skipped(String),
}

/// All tests of a report: each class of clients, the rotations themselves, each scenario.
pub(crate) fn cases(report: &Report) -> Vec<Case> {
    let causes = causes(report);
    let classes = report.classes.iter().map(|of| of.class);
    let mut cases: Vec<_> = classes
        .map(|class| {
            let of = |found: &Finding| {
                let seen = found.evidence.first();
                seen.is_some_and(|first| first.class == class)
            };
            rotation(report, &causes, class.name(), &of)
        })
        .collect();
    let of_none = |found: &Finding| found.evidence.is_empty();
    let mut rotations = rotation(report, &causes, "certificates", &of_none);
    rotations.outcome = match (rotations.outcome, &report.interrupted) {
        (Outcome::Passed, Some(why)) => Outcome::Broken(why.clone()),
        (Outcome::Passed, None) if report.rotations.is_empty() => {
            Outcome::Skipped("this run has rotated nothing".into())
        }
        (outcome, _) => outcome,
    };
    cases.push(rotations);
    cases.extend(
        report
            .scenarios
            .iter()
            .map(|of| scenario(report, &causes, of)),
    );
    cases
}

fn rotation(report: &Report, causes: &[Cause], name: &str, of: &dyn Fn(&Finding) -> bool) -> Case {
    let places = report.findings.iter().enumerate();
    let places = places.filter(|(_, found)| found.scenario == ROTATION && of(found));
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    Case {
        name: name.into(),
        scenario: ROTATION.into(),
        outcome: outcome(report, causes, &places),
        notes: notes(report, &places),
    }
}

fn scenario(report: &Report, causes: &[Cause], scenario: &ScenarioReport) -> Case {
    let places = report.findings.iter().enumerate();
    let places = places.filter(|(_, found)| found.scenario == scenario.name);
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    let outcome = match scenario.outcome {
        report::Outcome::NotApplicable => {
            Outcome::Skipped("it does not apply to this server".into())
        }
        _ => outcome(report, causes, &places),
    };
    Case {
        name: scenario.name.clone(),
        scenario: scenario.name.clone(),
        outcome,
        notes: notes(report, &places),
    }
}

/// What comes of these findings.
fn outcome(report: &Report, causes: &[Cause], places: &[usize]) -> Outcome {
    let failures = || {
        let found = places.iter().map(|at| (*at, &report.findings[*at]));
        found.filter(|(_, found)| found.severity == Severity::Failure)
    };
    if let Some((at, found)) = failures().find(|(_, found)| found.fails()) {
        let cause = causes
            .iter()
            .find(|cause| cause.places().any(|place| place == at));
        let what = cause.map_or("", |cause| cause.what.as_str());
        let lines = failures().map(|(_, found)| found.words.clone());
        let seen = found
            .evidence
            .first()
            .map(|first| format!("First seen: {first}."));
        let advice =
            cause.map(|cause| format!("What to do: {} Read {}.", cause.advice, cause.page));
        let lines: Vec<_> = lines.chain(seen).chain(advice).collect();
        return Outcome::Failed(name(&found.code), what.into(), lines.join("\n"));
    }
    match failures().next() {
        None => Outcome::Passed,
        Some((_, found)) if found.status == Status::Waived => {
            Outcome::Skipped(format!("waived: {}", allowed(report, found)))
        }
        Some((_, found)) => Outcome::Skipped(format!(
            "not required by the level `{}`: {}: {}",
            report.plan.require,
            name(&found.code),
            found.words
        )),
    }
}

/// By which waiver.
fn allowed(report: &Report, found: &Finding) -> String {
    let mut waivers = report.waivers.iter();
    let by = waivers.find(|waiver| {
        let here = waiver.scenario == found.scenario || waiver.scenario == ROTATION;
        waiver.state == WaiverState::Applied && here && waiver.findings.contains(&found.code)
    });
    by.map_or_else(String::new, ToString::to_string)
}

/// Warnings.
fn notes(report: &Report, places: &[usize]) -> Vec<String> {
    let found = places.iter().map(|at| &report.findings[*at]);
    let warnings = found.filter(|found| found.severity == Severity::Warning);
    warnings
        .map(|found| format!("{}: {}", name(&found.code), found.words))
        .collect()
}
