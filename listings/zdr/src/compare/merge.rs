//! One verdict from several load generators against one server: one of them rotates, all load.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::report::format::{below, count, counted, millis};
use crate::report::slices::{join_in, width_ms};
use crate::report::{
    ClassReport, Code, FORMAT, Failures, Finding, Latency, Machine, Outcome, Phase, PhaseReport,
    Plan, Report, Resources, Rotation, ScenarioReport, Server, Severity, Slice, Verdict,
};
use ch11_verification::attempt::{Class, FailureKind};
use ch11_verification::bound;

/// Runs further apart than this did not load the same server at the same time. Clocks of machines
/// that keep time by NTP differ by far less.
const APART: i128 = 60 * 1_000_000_000;

/// Why reports are not of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeError(String);

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these reports do not make one: {}", self.0)
    }
}

impl std::error::Error for MergeError {}

fn cannot<T>(error: impl Into<String>) -> Result<T, MergeError> {
    Err(MergeError(error.into()))
}

/// Makes one report of several. Their order does not matter.
///
/// Attempts, failures and histograms are added, and quantiles and bounds computed anew from the
/// sums. Findings are united. Moments are aligned by `began`: what the clocks of two generators
/// differ by goes into `first_new_ms`, `last_old_ms` and the overlap, so keep them in step. Each
/// generator has said by itself in which phase it attempted what.
///
/// # Errors
/// When they are of different servers, of different times, of plans that judge differently, or when
/// more than one of them rotated.
pub fn merge(mut reports: Vec<Report>) -> Result<Report, MergeError> {
    for report in &reports {
        if report.format != FORMAT {
            return cannot(format!(
                "one is of format {}, and this zdr knows format {FORMAT} only",
                report.format
            ));
        }
    }
    if reports.len() < 2 {
        return reports.pop().map_or_else(|| cannot("there is none"), Ok);
    }
    for (place, report) in reports.iter().enumerate() {
        if reports[..place].contains(report) {
            return cannot(format!(
                "two of them are the same, begun at {}",
                report.began
            ));
        }
    }
    let mut runs = reports
        .into_iter()
        .map(Run::of)
        .collect::<Result<Vec<_>, _>>()?;
    runs.sort_by_key(|run| (run.began, run.ended));
    let zero = at_one_time(&runs)?;
    let ended = runs.iter().map(|run| run.ended).max().unwrap_or(zero);

    let all = || runs.iter().map(|run| &run.report);
    let plan = plan(all())?;
    let rotations = rotations(&runs, zero)?;
    let mut merged = Report {
        format: FORMAT,
        zdr: united(all().map(|report| report.zdr.as_str()), " + "),
        server: server(all())?,
        machine: machine(all()),
        began: runs[0].report.began.clone(),
        seconds: (ended - zero) as f64 / 1e9,
        generators: all().map(|report| report.generators).sum(),
        findings: findings(all(), &rotations, &plan),
        plan,
        verdict: Verdict {
            passed: false,
            words: String::new(),
        },
        classes: classes(all()),
        rotations,
        scenarios: scenarios(all())?,
        resources: resources(all()),
        timeline: timeline(&runs, zero),
        interrupted: None,
    };
    let interrupted = united(all().filter_map(|r| r.interrupted.as_deref()), "; ");
    merged.interrupted = (!interrupted.is_empty()).then_some(interrupted);
    merged.verdict = verdict(&merged);
    Ok(merged)
}

/// A report with its place in time, in nanoseconds since 1970.
struct Run {
    began: i128,
    ended: i128,
    report: Report,
}

impl Run {
    fn of(report: Report) -> Result<Self, MergeError> {
        let Ok(moment) = OffsetDateTime::parse(&report.began, &Rfc3339) else {
            return cannot(format!("one began at `{}`, which is no date", report.began));
        };
        let began = moment.unix_timestamp_nanos();
        let ended = began + nanos(report.seconds * 1e3);
        Ok(Self {
            began,
            ended,
            report,
        })
    }

    /// A moment of this run, in nanoseconds since 1970.
    fn at(&self, ms: f64) -> i128 {
        self.began + nanos(ms)
    }
}

// Whole nanoseconds, so that adding a thousand of them in any order gives the same.
fn nanos(ms: f64) -> i128 {
    (ms * 1e6).round() as i128
}

fn since(zero: i128, moment: i128) -> f64 {
    (moment - zero) as f64 / 1e6
}

/// When the first of them began. Each must have begun before the others had ended.
fn at_one_time(runs: &[Run]) -> Result<i128, MergeError> {
    let mut until = runs[0].ended;
    for run in runs {
        if run.began > until + APART {
            return cannot(format!(
                "they are of different times: one began at {}, {} s after those before it had ended",
                run.report.began,
                (run.began - until) / 1_000_000_000
            ));
        }
        until = until.max(run.ended);
    }
    Ok(runs[0].began)
}

/// Different texts, each once, in the order of the alphabet.
fn united<'a>(texts: impl Iterator<Item = &'a str>, separator: &str) -> String {
    let parts: BTreeSet<&str> = texts.flat_map(|text| text.split(separator)).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(separator)
}

fn server<'a>(reports: impl Iterator<Item = &'a Report> + Clone) -> Result<Server, MergeError> {
    let names: BTreeSet<&str> = reports.clone().map(|r| r.server.name.as_str()).collect();
    if names.len() > 1 {
        let names: Vec<&str> = names.into_iter().collect();
        return cannot(format!(
            "they are of different servers: {}",
            names.join(", ")
        ));
    }
    let started: Vec<&Server> = reports
        .clone()
        .map(|report| &report.server)
        .filter(|server| !server.command.is_empty())
        .collect();
    if started.len() > 1 {
        return cannot(format!(
            "{} of them started a server of their own, so there was not one. \
             Let one start it, and the others attach",
            started.len()
        ));
    }
    let name = names.into_iter().collect();
    // The one that reloads it knows how. Others may say that they do not.
    let knows = reports
        .clone()
        .max_by_key(|r| (r.plan.rotations, &r.server.reload));
    Ok(Server {
        name,
        command: started.first().map_or_else(Vec::new, |s| s.command.clone()),
        reload: knows.map_or_else(String::new, |r| r.server.reload.clone()),
    })
}

fn machine<'a>(reports: impl Iterator<Item = &'a Report> + Clone) -> Machine {
    let machines = reports.map(|report| &report.machine);
    Machine {
        cores: machines.clone().map(|m| m.cores).max().unwrap_or(0),
        processor: united(machines.clone().map(|m| m.processor.as_str()), " + "),
        system: united(machines.map(|m| m.system.as_str()), " + "),
    }
}

fn plan<'a>(reports: impl Iterator<Item = &'a Report> + Clone) -> Result<Plan, MergeError> {
    let plans = reports.map(|report| &report.plan);
    let limits: BTreeSet<_> = plans
        .clone()
        .map(|plan| (plan.reload_within_ms, plan.overlap_ms))
        .collect();
    if limits.len() > 1 {
        return cannot(
            "they judge by different limits (`reload_within_ms`, `overlap_ms`), so that one may \
             pass what another does not",
        );
    }
    if plans.clone().filter(|plan| plan.rotations > 0).count() > 1 {
        return cannot(
            "more than one of them rotated. Two writers of the same files disturb each other: let \
             one rotate, and the others only load",
        );
    }
    let rotating = plans
        .clone()
        .max_by_key(|plan| (plan.rotations, plan.interval_ms, &plan.writer));
    let mut rates: BTreeMap<Class, f64> = BTreeMap::new();
    for (class, rate) in plans.flat_map(|plan| &plan.rates) {
        *rates.entry(*class).or_default() += rate;
    }
    let Some(rotating) = rotating else {
        return cannot("there is none");
    };
    Ok(Plan {
        rates,
        ..rotating.clone()
    })
}

/// What each class met, of all generators.
fn classes<'a>(reports: impl Iterator<Item = &'a Report>) -> Vec<ClassReport> {
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
            failures: failures(&parts),
            graceful_closes: parts.iter().map(|part| part.graceful_closes).sum(),
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
                // Which was first, nobody knows: any of them, but always the same.
                if sum.example.is_empty()
                    || (!part.example.is_empty() && part.example < sum.example)
                {
                    sum.example.clone_from(&part.example);
                }
            })
            .or_insert_with(|| part.clone());
    }
    by_kind.into_values().collect()
}

/// The rotations of the one that rotated, as all saw them. A generator that only loads may list the
/// rotations it saw: those are the same where number and serial are.
fn rotations(runs: &[Run], zero: i128) -> Result<Vec<Rotation>, MergeError> {
    let mut by_number: BTreeMap<u32, Vec<(&Run, &Rotation)>> = BTreeMap::new();
    for run in runs {
        for rotation in &run.report.rotations {
            by_number
                .entry(rotation.number)
                .or_default()
                .push((run, rotation));
        }
    }
    let seen = by_number.into_iter().map(|(number, seen)| {
        let serials: BTreeSet<&str> = seen.iter().map(|(_, r)| r.serial.as_str()).collect();
        if serials.len() > 1 {
            return cannot(format!(
                "rotation {number} brought the serial {} in one and {} in another: there was more \
                 than one who rotated",
                serials.first().unwrap_or(&""),
                serials.last().unwrap_or(&"")
            ));
        }
        Ok(as_all_saw(number, &seen, zero))
    });
    seen.collect()
}

fn as_all_saw(number: u32, seen: &[(&Run, &Rotation)], zero: i128) -> Rotation {
    let moments = |of: fn(&Rotation) -> Option<f64>| {
        let moments = seen
            .iter()
            .filter_map(move |(run, r)| of(r).map(|ms| run.at(ms)));
        moments.collect::<Vec<i128>>()
    };
    let began = moments(|r| Some(r.began_ms)).into_iter().min();
    let notified = moments(|r| Some(r.notified_ms)).into_iter().min();
    let (began, notified) = (began.unwrap_or(zero), notified.unwrap_or(zero));
    let first_new = moments(|r| r.first_new_ms.map(|ms| r.notified_ms + ms));
    let first_new = first_new.into_iter().min();
    let last_old = moments(|r| r.last_old_ms.map(|ms| r.notified_ms + ms));
    let last_old = last_old.into_iter().max();
    let converged = moments(|r| r.converged_ms);
    let side_by_side = match (first_new, last_old) {
        (Some(new), Some(old)) => since(new, old).max(0.0),
        _ => 0.0,
    };
    let each = seen.iter().map(|(_, r)| r.overlap_ms);
    let complaint = united(
        seen.iter().filter_map(|(_, r)| r.complaint.as_deref()),
        "; ",
    );
    Rotation {
        number,
        serial: seen[0].1.serial.clone(),
        began_ms: since(zero, began),
        notified_ms: since(zero, notified),
        first_new_ms: first_new.map(|moment| since(notified, moment)),
        last_old_ms: last_old.map(|moment| since(notified, moment)),
        overlap_ms: each.fold(side_by_side, f64::max),
        // Settled only when each of them saw it settle.
        converged_ms: (converged.len() == seen.len())
            .then(|| converged.into_iter().max())
            .flatten()
            .map(|moment| since(zero, moment)),
        complaint: (!complaint.is_empty()).then_some(complaint),
    }
}

fn findings<'a>(
    reports: impl Iterator<Item = &'a Report>,
    rotations: &[Rotation],
    plan: &Plan,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = reports.flat_map(|r| r.findings.clone()).collect();
    // What nobody could see alone: one was shown the new one while another was shown the old one.
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

fn scenarios<'a>(
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
                    "scenario `{}` was done by more than one. Let one do things to the server, and \
                     the others only load",
                    part.name
                ));
            }
        }
    }
    Ok(merged)
}

fn resources<'a>(reports: impl Iterator<Item = &'a Report>) -> Option<Resources> {
    let known = reports.filter_map(|report| report.resources.clone());
    known.reduce(|a, b| Resources {
        memory_before: a.memory_before.min(b.memory_before),
        memory_after: a.memory_after.max(b.memory_after),
        processes_before: a.processes_before.min(b.processes_before),
        processes_after: a.processes_after.max(b.processes_after),
        connections_held: a.connections_held + b.connections_held,
    })
}

/// All slices on one grid, which is that of the coarsest. It is laid from 1970 on and not from the
/// beginning of one of the runs, so that it is the same whoever is merged first. The first slice may
/// therefore begin a little before the run.
fn timeline(runs: &[Run], zero: i128) -> Vec<Slice> {
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

fn verdict(report: &Report) -> Verdict {
    let attempts: u64 = report.classes.iter().map(|class| class.attempts).sum();
    let failed: u64 = report.classes.iter().map(|class| class.failed).sum();
    let failure = |finding: &&Finding| finding.severity == Severity::Failure;
    let failures = report.findings.iter().filter(failure).count();
    let passed = failures == 0;
    let does = if passed { "rotates" } else { "does not rotate" };
    let found = match failures {
        0 => String::new(),
        _ => format!("{}; ", counted(failures as u64, "failure")),
    };
    Verdict {
        passed,
        words: format!(
            "{} {does} with zero downtime: {found}{} of {} failed in {} by {}, \
             with 95 % confidence fewer than {}.",
            report.server.name,
            if failed == 0 {
                "none".into()
            } else {
                count(failed)
            },
            counted(attempts, "attempt"),
            counted(report.rotations.len() as u64, "rotation"),
            counted(report.generators.into(), "load generator"),
            below(bound::upper(failed, attempts)),
        ),
    }
}
