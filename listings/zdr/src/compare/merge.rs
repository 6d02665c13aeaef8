//! One verdict from several load generators against one server: one of them rotates, all load. `run`
//! places a report in time, `rotations` unites what each saw, `sums` adds up all else.

mod rotations;
mod run;
mod sums;

use std::collections::{BTreeMap, BTreeSet};

use crate::gate::day::Day;
use crate::report::waiver::WaiverReport;
use crate::report::{FORMAT, Machine, OLDEST, Plan, Report, Server, Verdict};
use ch11_verification::attempt::Class;
use time::OffsetDateTime;

use rotations::rotations;
pub use run::MergeError;
use run::{Run, at_one_time, cannot, united};
use sums::{classes, findings, resources, scenarios, timeline, verdict};

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
        if !(OLDEST..=FORMAT).contains(&report.format) {
            return cannot(format!(
                "one is of format {}, and this zdr knows formats {OLDEST} to {FORMAT}",
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
        verdict: Verdict::default(),
        classes: classes(all()),
        rotations,
        scenarios: scenarios(all())?,
        causes: Vec::new(),
        waivers: waivers(all()),
        resources: resources(all()),
        timeline: timeline(&runs, zero),
        interrupted: None,
        book: all().find_map(|report| report.book.clone()),
    };
    let interrupted = united(all().filter_map(|r| r.interrupted.as_deref()), "; ");
    merged.interrupted = (!interrupted.is_empty()).then_some(interrupted);
    merged.weigh(Day::of(day(zero)?));
    merged.verdict = verdict(&merged);
    Ok(merged)
}

/// The moment at which the runs began: waivers are judged by its day.
fn day(zero: i128) -> Result<OffsetDateTime, MergeError> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(zero);
    moment.or_else(|error| cannot(error.to_string()))
}

/// What any of them allows, once.
fn waivers<'a>(reports: impl Iterator<Item = &'a Report>) -> Vec<WaiverReport> {
    let mut all: Vec<WaiverReport> = Vec::new();
    for waiver in reports.flat_map(|report| &report.waivers) {
        let terms = |of: &WaiverReport| (of.scenario.clone(), of.until, of.because.clone());
        if !all
            .iter()
            .any(|known| terms(known) == terms(waiver) && known.findings == waiver.findings)
        {
            all.push(waiver.clone());
        }
    }
    all.sort_by(|a, b| (&a.scenario, a.until, &a.because).cmp(&(&b.scenario, b.until, &b.because)));
    all
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
        reach: knows.and_then(|r| r.server.reach.clone()),
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
    let levels: BTreeSet<_> = plans.clone().map(|plan| plan.require).collect();
    if levels.len() > 1 {
        return cannot(
            "they judge by different levels (`require`), so that one may pass what another does not",
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
