//! The sums of several reports: classes, findings, scenarios, resources, slices, and the verdict.

use std::collections::BTreeMap;

use super::run::{MergeError, Run, cannot, nanos, since};
use crate::attempt::{Class, FailureKind};
use crate::report::at_risk::AtRisk;
use crate::report::coverage::remark;
use crate::report::format::{counted, millis};
use crate::report::slices::{join_in, width_ms};
use crate::report::{
    ClassReport, Code, Failures, Finding, Handles, Latency, Outcome, Phase, PhaseReport, Plan,
    Report, Resources, Rotation, ScenarioReport, Severity, Slice, Status, Verdict,
};
use ch11_verification::bound;

/// What each class met, of all generators.
pub(super) fn classes<'a>(reports: impl Iterator<Item = &'a Report>) -> Vec<ClassReport> {
    let mut by_class: BTreeMap<Class, Vec<&ClassReport>> = BTreeMap::new();
    for report in reports.flat_map(|report| &report.classes) {
        by_class.entry(report.class).or_default().push(report);
    }
    let classes = by_class.into_iter().map(|(class, parts)| {
        let attempts = parts.iter().map(|part| part.attempts).sum();
        let failed = parts.iter().map(|part| part.failed).sum();
        ClassReport {
            class,
            phases: phases(&parts),
            attempts,
            failed,
            failed_below: bound::upper(failed, attempts),
            at_risk: AtRisk::together(parts.iter().map(|part| part.at_risk.as_ref())),
            failures: failures(&parts),
            graceful_closes: parts.iter().map(|part| part.graceful_closes).sum(),
            own_age_ms: parts
                .iter()
                .filter_map(|part| part.own_age_ms)
                .reduce(f64::min),
            own_steps: parts.iter().filter_map(|part| part.own_steps).min(),
        }
    });
    classes.collect()
}

fn phases(parts: &[&ClassReport]) -> BTreeMap<Phase, PhaseReport> {
    let mut by_phase: BTreeMap<Phase, Vec<&PhaseReport>> = BTreeMap::new();
    for (phase, report) in parts.iter().flat_map(|part| &part.phases) {
        by_phase.entry(*phase).or_default().push(report);
    }
    let phases = by_phase.into_iter().map(|(phase, parts)| {
        let sum = |what: fn(&PhaseReport) -> u64| parts.iter().map(|part| what(part)).sum();
        let report = PhaseReport {
            attempts: sum(|part| part.attempts),
            failed: sum(|part| part.failed),
            opened: sum(|part| part.opened),
            resumed: sum(|part| part.resumed),
            latency: Latency::together(parts.iter().map(|part| &part.latency)),
        };
        (phase, report)
    });
    phases.collect()
}

fn failures(parts: &[&ClassReport]) -> Vec<Failures> {
    let mut by_kind: BTreeMap<(FailureKind, Phase), Failures> = BTreeMap::new();
    for part in parts.iter().flat_map(|part| &part.failures) {
        by_kind
            .entry((part.kind, part.phase))
            .and_modify(|sum| {
                sum.count += part.count;
                // Which of them was first is unknown: any of them, but always the same.
                if sum.example.is_empty()
                    || (!part.example.is_empty() && part.example < sum.example)
                {
                    sum.example.clone_from(&part.example);
                }
                // Each generator dates by its own beginning.
                sum.first_ms = None;
            })
            .or_insert_with(|| part.clone());
    }
    by_kind.into_values().collect()
}

pub(super) fn findings<'a>(
    reports: impl Iterator<Item = &'a Report>,
    rotations: &[Rotation],
    plan: &Plan,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = reports.flat_map(|r| r.findings.clone()).collect();
    // What no generator could see alone: one was shown the new certificate while another was shown the old one.
    let limit = plan.overlap_ms as f64;
    if rotations.iter().any(|rotation| rotation.overlap_ms > limit) {
        findings.push(Finding {
            severity: Severity::Failure,
            code: Code::WorkersDisagree,
            scenario: "rotation".into(),
            words: format!(
                "Seen by all generators together, old and new certificates were shown side by \
                 side for longer than {}.",
                millis(limit)
            ),
            catalogue: vec![26],
            status: Status::Counted,
            evidence: Vec::new(),
            class: None,
            differs: None,
        });
    }
    findings.sort_by(|a, b| place(a).cmp(&place(b)));
    findings.dedup();
    findings
}

fn place(finding: &Finding) -> (Severity, Code, &str, &str, &[u32]) {
    (
        finding.severity,
        finding.code,
        &finding.scenario,
        &finding.words,
        &finding.catalogue,
    )
}

pub(super) fn scenarios<'a>(
    reports: impl Iterator<Item = &'a Report>,
) -> Result<Vec<ScenarioReport>, MergeError> {
    let mut merged: Vec<ScenarioReport> = Vec::new();
    // What was done stays in its order. What was not comes last, by name.
    let skipped = |part: &ScenarioReport| part.outcome == Outcome::NotApplicable;
    let mut parts: Vec<&ScenarioReport> = reports.flat_map(|report| &report.scenarios).collect();
    parts.sort_by_key(|part| {
        (
            skipped(part),
            skipped(part).then_some((&part.name, &part.what)),
        )
    });
    for part in parts {
        match merged.iter().find(|known| known.name == part.name) {
            None => merged.push(part.clone()),
            Some(_) if skipped(part) => {}
            Some(_) => {
                return cannot(format!(
                    "scenario `{}` was run by more than one. Let one run scenarios, and the others only \
                     load",
                    part.name
                ));
            }
        }
    }
    Ok(merged)
}

pub(super) fn resources<'a>(reports: impl Iterator<Item = &'a Report>) -> Option<Resources> {
    let known = reports.filter_map(|report| report.resources.clone());
    known.reduce(|a, b| Resources {
        memory_before: a.memory_before.min(b.memory_before),
        memory_after: a.memory_after.max(b.memory_after),
        processes_before: a.processes_before.min(b.processes_before),
        processes_after: a.processes_after.max(b.processes_after),
        connections_held: a.connections_held + b.connections_held,
        handles: a.handles.zip(b.handles).map(|(a, b)| Handles {
            descriptors_before: a.descriptors_before.min(b.descriptors_before),
            descriptors_after: a.descriptors_after.max(b.descriptors_after),
            threads_before: a.threads_before.min(b.threads_before),
            threads_after: a.threads_after.max(b.threads_after),
        }),
    })
}

/// All slices on one grid, which is that of the coarsest. It is laid from 1970 on and not from the
/// beginning of one of the runs, so that it is the same in any order of reports. The first slice may
/// therefore begin a little before the run.
pub(super) fn timeline(runs: &[Run], zero: i128) -> Vec<Slice> {
    let widths = runs.iter().map(|run| nanos(width_ms(&run.report.timeline)));
    let width = widths.max().unwrap_or(0).max(1);
    let mut slices: BTreeMap<i128, Slice> = BTreeMap::new();
    for run in runs {
        for part in &run.report.timeline {
            let at = run.at(part.at_ms).div_euclid(width) * width;
            let slice = slices.entry(at).or_insert_with(|| Slice {
                at_ms: since(zero, at),
                ..Slice::default()
            });
            join_in(slice, part);
        }
    }
    slices.into_values().collect()
}

pub(super) fn verdict(report: &Report) -> Verdict {
    let failures = report.findings.iter().filter(|of| of.fails()).count();
    let passed = failures == 0;
    let does = if passed { "rotates" } else { "does not rotate" };
    let found = match failures {
        0 => String::new(),
        _ => format!("{}; ", counted(failures as u64, "failure")),
    };
    let not_covered = report.not_covered();
    Verdict {
        passed,
        words: format!(
            "Level `{}`: {} {does} with zero downtime: {found}{} seen by {}. {}{}{}{}",
            report.plan.require,
            report.server.name,
            counted(report.rotations.len() as u64, "rotation"),
            counted(report.generators.into(), "load generator"),
            report.failures_in_words(),
            // At most one of them rotates.
            match report.rotations.is_empty() || report.generators < 2 {
                true => "",
                false =>
                    " A generator that only loads does not know which of its attempts met a rotation: \
                          these count only in the total.",
            },
            report.besides(),
            remark(&not_covered),
        ),
        not_covered,
        at_risk: report.all_at_risk(),
    }
}
