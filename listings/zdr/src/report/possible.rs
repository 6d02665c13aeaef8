//! Whether the figures of a report can be those of a run: a file holds whatever somebody wrote.

use crate::report::at_risk::{AtRisk, Exposure};
use crate::report::{ClassReport, Report, Resources, Rotation, ScenarioReport, Slice};

/// More attempts than this, or bytes, or milliseconds, no run has seen. Figures up to this can be
/// added, of as many reports as anybody has, without an overflow.
const MOST: u64 = 1_000_000_000_000_000;

/// Checks every figure of a report. The types leave more room than a run can fill.
pub(super) fn possible(report: &Report) -> Result<(), String> {
    moment("seconds", report.seconds * 1e3)?;
    if report.seconds < 0.0 {
        return Err(format!("seconds: {} is before it began", report.seconds));
    }
    count("generators", u64::from(report.generators) * 1_000_000_000)?;
    count("plan.interval_ms", report.plan.interval_ms)?;
    count("plan.reload_within_ms", report.plan.reload_within_ms)?;
    count("plan.overlap_ms", report.plan.overlap_ms)?;
    report.verdict.at_risk.iter().try_for_each(at_risk)?;
    report.classes.iter().try_for_each(class)?;
    report.rotations.iter().try_for_each(rotation)?;
    report.scenarios.iter().try_for_each(scenario)?;
    let evidence = report.findings.iter().flat_map(|of| &of.evidence);
    let mut moments = evidence.filter_map(|of| of.at_ms);
    moments.try_for_each(|at| moment("at_ms", at))?;
    report.resources.iter().try_for_each(resources)?;
    report.timeline.iter().try_for_each(slice)
}

fn count(what: &str, count: u64) -> Result<(), String> {
    match count {
        ..=MOST => Ok(()),
        _ => Err(format!("{what}: {count} is too many")),
    }
}

fn moment(what: &str, ms: f64) -> Result<(), String> {
    let possible = ms.is_finite() && ms.abs() <= MOST as f64;
    possible
        .then_some(())
        .ok_or_else(|| format!("{what}: {ms} ms is no time of a run"))
}

fn class(class: &ClassReport) -> Result<(), String> {
    count("attempts", class.attempts)?;
    count("goodbyes", class.graceful_closes)?;
    let phases = class.phases.values();
    let shares = phases.map(|phase| (phase.failed, phase.attempts));
    for (failed, attempts) in shares.chain([(class.failed, class.attempts)]) {
        if failed > attempts {
            return Err(format!("{}: {failed} of {attempts} failed", class.class));
        }
    }
    for failures in &class.failures {
        count("failures", failures.count)?;
        moment("first_ms", failures.first_ms.unwrap_or(0.0))?;
    }
    class.at_risk.iter().try_for_each(at_risk)?;
    for phase in class.phases.values() {
        count("attempts", phase.attempts)?;
        count("opened", phase.opened)?;
        count("resumed", phase.resumed)?;
        let mut counts = phase.latency.counts.iter();
        let all = counts.try_fold(0_u64, |all, (_, n)| all.checked_add(*n));
        count("latency.counts", all.unwrap_or(u64::MAX))?;
    }
    Ok(())
}

fn at_risk(at_risk: &AtRisk) -> Result<(), String> {
    let exposures = [
        Some(at_risk.attempts),
        at_risk.connections,
        Some(at_risk.rotations),
    ];
    for Exposure { of, failed, .. } in exposures.into_iter().flatten() {
        count("at_risk", of)?;
        if failed > of {
            return Err(format!("at_risk: {failed} of {of} failed"));
        }
    }
    Ok(())
}

fn rotation(rotation: &Rotation) -> Result<(), String> {
    moment("began_ms", rotation.began_ms)?;
    moment("told_ms", rotation.notified_ms)?;
    moment("first_new_ms", rotation.first_new_ms.unwrap_or(0.0))?;
    moment("last_old_ms", rotation.last_old_ms.unwrap_or(0.0))?;
    moment("overlap_ms", rotation.overlap_ms)?;
    moment("settled_ms", rotation.converged_ms.unwrap_or(0.0))
}

fn scenario(scenario: &ScenarioReport) -> Result<(), String> {
    count("attempts", scenario.attempts)?;
    count("failed", scenario.failed)?;
    moment("recovered_ms", scenario.recovered_ms.unwrap_or(0.0))
}

fn resources(resources: &Resources) -> Result<(), String> {
    count("memory_before", resources.memory_before)?;
    count("memory_after", resources.memory_after)?;
    count("processes_before", resources.processes_before as u64)?;
    count("processes_after", resources.processes_after as u64)?;
    count("connections_held", resources.connections_held as u64)?;
    let Some(handles) = resources.handles else {
        return Ok(());
    };
    count("descriptors_before", handles.descriptors_before as u64)?;
    count("descriptors_after", handles.descriptors_after as u64)?;
    count("threads_before", handles.threads_before as u64)?;
    count("threads_after", handles.threads_after as u64)
}

fn slice(slice: &Slice) -> Result<(), String> {
    moment("at_ms", slice.at_ms)?;
    for sum in slice.attempts.values().chain(slice.failed.values()) {
        count("attempts", *sum)?;
    }
    slice
        .shown
        .values()
        .try_for_each(|sum| count("shown", *sum))
}
