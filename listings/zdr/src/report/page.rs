//! The report as one page for people: no script, nothing fetched, readable in print.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::compare::Times;
use crate::report::format;
use crate::report::plot::{MARKED, Picture, over_after};
use crate::report::{
    ClassReport, Finding, Latency, Outcome, Phase, PhaseReport, Report, Rotation, Severity,
};
use ch11_verification::attempt::FailureKind;
use ch11_verification::bound;

/// As many rotations are listed one by one. Of more, the worst ten and quantiles.
const LISTED: usize = 20;
const WORST: usize = 10;
/// As many words are shown of findings that are the same but for their figures.
const ALIKE: usize = 3;

/// The page.
pub fn page(report: &Report) -> String {
    let passed = report.verdict.passed;
    let (mark, verdict) = if passed {
        ("✓", "Passed")
    } else {
        ("✗", "Failed")
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (report.server.name) ": " (verdict) " – zdr" }
                style { (PreEscaped(include_str!("page/page.css"))) }
            }
            body {
                main {
                    header {
                        p.of { "zdr check · " (report.server.name) " · " (report.began) }
                        h1.passed[passed].failed[!passed] { span aria-hidden="true" { (mark) " " } (verdict) }
                        p.verdict { (report.verdict.words) }
                        @if let Some(error) = &report.interrupted {
                            p.interrupted {
                                strong { "The run ended before its time: " } (error)
                                ". What was measured until then is here."
                            }
                        }
                        (key_figures(report))
                    }
                    (findings(report))
                    (run(report))
                    (clients(report))
                    (latencies(report))
                    (rotations(report))
                    (scenarios(report))
                    (resources(report))
                    (conditions(report))
                }
                footer { "Written by zdr " (report.zdr) ", report format " (report.format) "." }
            }
        }
    };
    page.into_string()
}

fn key_figures(report: &Report) -> Markup {
    let attempts: u64 = report.classes.iter().map(|class| class.attempts).sum();
    let failed: u64 = report.classes.iter().map(|class| class.failed).sum();
    let times = Times::of(&report.rotations);
    let bound = format::below(bound::upper(failed, attempts));
    let longest = |ms: Option<f64>| ms.map(|ms| format!("longest {}", format::millis(ms)));
    html! {
        dl.key {
            div { dt { "Attempts" } dd { (format::count(attempts)) } }
            div {
                dt { "Failed" }
                dd {
                    @match (attempts, failed) { (0, _) => "—", (_, 0) => "none", _ => (format::count(failed)) }
                    @if attempts > 0 { " " small { "fewer than " (bound) } }
                }
            }
            div { dt { "Rotations" } dd { (format::count(times.rotations)) } }
            div {
                dt { "To the new certificate" }
                dd {
                    (format::maybe_millis(times.first_new_median_ms))
                    @if let Some(worst) = longest(times.first_new_worst_ms) {
                        " " small { "in the median," } " " small { (worst) }
                    }
                }
            }
            div {
                dt { "Old and new together" }
                dd {
                    (format::maybe_millis(times.overlap_worst_ms))
                    @if times.overlap_worst_ms.is_some() { " " small { "at the longest" } }
                }
            }
        }
    }
}

/// A table that may be wider than the screen, and can be moved by keyboard then.
///
/// Columns that hold figures are aligned to the right.
fn table(
    id: &str,
    caption: &str,
    head: &[&str],
    figures: RangeInclusive<usize>,
    body: &Markup,
) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-labelledby=(id) {
            table {
                caption id=(id) { span { (caption) } }
                thead { tr { @for (place, name) in head.iter().enumerate() {
                    th scope="col" class=[figures.contains(&place).then_some("figure")] { (name) }
                } } }
                (body)
            }
        }
    }
}

fn findings(report: &Report) -> Markup {
    // From several generators, the same finding comes with figures of each.
    let mut alike: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in &report.findings {
        let same = alike.iter_mut().find(|(first, _)| {
            (first.severity, first.code, &first.scenario)
                == (finding.severity, finding.code, &finding.scenario)
        });
        match same {
            Some((_, words)) => words.push(&finding.words),
            None => alike.push((finding, vec![&finding.words])),
        }
    }
    html! {
        section aria-labelledby="findings" {
            h2 #findings { "Findings" }
            @if alike.is_empty() {
                p { "None." }
            } @else {
                ul.findings { @for (finding, words) in &alike { (found(finding, words)) } }
            }
        }
    }
}

fn found(finding: &Finding, words: &[&str]) -> Markup {
    let (class, severity) = match finding.severity {
        Severity::Failure => ("failure", "Failure"),
        Severity::Warning => ("warning", "Warning"),
    };
    html! {
        li class=(class) {
            h3 {
                span.severity { (severity) } " "
                code { (format::name(&finding.code)) } " in " (finding.scenario)
            }
            @for one in words.iter().take(ALIKE) { p { (one) } }
            @if words.len() > ALIKE {
                p { "And " (words.len() - ALIKE) " more like it." }
            }
            @if !finding.catalogue.is_empty() {
                p.see {
                    "See the book’s failure catalogue, "
                    (if finding.catalogue.len() == 1 { "entry " } else { "entries " })
                    @for (place, entry) in finding.catalogue.iter().enumerate() {
                        @if place > 0 { ", " } (entry)
                    }
                    "."
                }
            }
        }
    }
}

fn run(report: &Report) -> Markup {
    if report.timeline.is_empty() {
        return html! {
            section aria-labelledby="run" {
                h2 #run { "The run" }
                p { "Nothing was measured." }
            }
        };
    }
    let failed: u64 = report.classes.iter().map(|class| class.failed).sum();
    let description = format!(
        "A lane for each class of clients over {}. {} of all attempts failed. {} under load. The \
         figures are in the tables below.",
        format::millis(report.seconds * 1e3),
        if failed == 0 {
            "None".into()
        } else {
            format::count(failed)
        },
        format::counted(report.rotations.len() as u64, "rotation"),
    );
    let picture = |id, class| Picture {
        id,
        title: "Attempts and failures over time, and the certificate shown",
        description: &description,
        class,
    };
    html! {
        section aria-labelledby="run" {
            h2 #run { "The run" }
            figure {
                (picture("run-wide", "wide").run(report, 1_040))
                (picture("run-narrow", "narrow").run(report, 380))
                figcaption {
                    span.key { i.swatch.area {} "attempts" } " "
                    span.key { i.swatch.bad {} "failures" } " "
                    @if (1..=MARKED).contains(&report.rotations.len()) {
                        span.key { i.swatch.line {} "a rotation begins" }
                    }
                    " Each lane has a scale of its own. A failure is drawn at least as tall as can be seen."
                }
            }
        }
    }
}

fn clients(report: &Report) -> Markup {
    if report.classes.is_empty() {
        return html! {};
    }
    let body = html! {
        tbody { @for class in &report.classes {
            tr {
                th scope="row" { (class.class) }
                td.figure { (format::count(class.attempts)) }
                td.figure.bad[class.failed > 0] {
                    (format::failures(class.failed, class.attempts, class.failed_below))
                }
                @for phase in Phase::ALL {
                    td.figure { (phase_failures(class, phase)) }
                }
                td.figure { (format::count(sum(class, |phase| phase.opened))) }
                td.figure { (format::count(sum(class, |phase| phase.resumed))) }
                td.figure { (format::count(class.graceful_closes)) }
            }
        } }
    };
    html! {
        section aria-labelledby="clients" {
            h2 #clients { "What clients met" }
            (table("clients-table", "Attempts and failures by class of clients. Behind each share stands what it is below, with 95 % confidence.",
                &["class", "attempts", "failed", "before rotations", "during", "after", "connections opened", "resumed", "ended as they should"], 1..=8, &body))
            (kinds(report))
        }
    }
}

fn sum(class: &ClassReport, of: fn(&PhaseReport) -> u64) -> u64 {
    class.phases.values().map(of).sum()
}

fn phase_failures(class: &ClassReport, phase: Phase) -> String {
    class.phases.get(&phase).map_or_else(
        || "—".into(),
        |phase| {
            let bound = bound::upper(phase.failed, phase.attempts);
            format::failures(phase.failed, phase.attempts, bound)
        },
    )
}

fn kinds(report: &Report) -> Markup {
    if report.classes.iter().all(|class| class.failures.is_empty()) {
        return html! {};
    }
    let body = html! {
        @for class in &report.classes {
            @let kinds = by_kind(class);
            @if !kinds.is_empty() {
                tbody { @for (place, (kind, (counts, example))) in kinds.iter().enumerate() {
                    tr {
                        @if place == 0 {
                            th scope="rowgroup" rowspan=(kinds.len()) { (class.class) }
                        }
                        th.kind scope="row" { (kind) }
                        @for phase in Phase::ALL {
                            td.figure { @match counts.get(&phase) {
                                Some(count) => (format::count(*count)),
                                None => "–",
                            } }
                        }
                        td.said { (example) }
                    }
                } }
            }
        }
    };
    table(
        "kinds-table",
        "Failures by kind, and what the first of them said",
        &["class", "kind", "before", "during", "after", "example"],
        2..=4,
        &body,
    )
}

fn by_kind(class: &ClassReport) -> BTreeMap<FailureKind, (BTreeMap<Phase, u64>, &str)> {
    let mut kinds: BTreeMap<FailureKind, (BTreeMap<Phase, u64>, &str)> = BTreeMap::new();
    for failures in &class.failures {
        let (counts, example) = kinds.entry(failures.kind).or_default();
        *counts.entry(failures.phase).or_default() += failures.count;
        if example.is_empty() {
            *example = &failures.example;
        }
    }
    kinds
}

/// A quantile, and how it is taken from a phase.
type Quantile = (&'static str, fn(&Latency) -> u64);

const QUANTILES: [Quantile; 5] = [
    ("p50", |latency| latency.p50),
    ("p90", |latency| latency.p90),
    ("p99", |latency| latency.p99),
    ("p99.9", |latency| latency.p999),
    ("longest", |latency| latency.max),
];

fn latencies(report: &Report) -> Markup {
    let measured: Vec<&ClassReport> = report
        .classes
        .iter()
        .filter(|class| {
            class
                .phases
                .values()
                .any(|phase| !phase.latency.counts.is_empty())
        })
        .collect();
    if measured.is_empty() {
        return html! {};
    }
    let body = html! { @for class in &measured { (latency_rows(class)) } };
    let head: Vec<&str> = ["class", "phase"]
        .into_iter()
        .chain(QUANTILES.map(|q| q.0))
        .collect();
    html! {
        section aria-labelledby="latency" {
            h2 #latency { "Latency" }
            p { "From the moment an attempt was due to its end, of those that succeeded." }
            (table("latency-table", "Latency by class and phase; in the last row of each class, how many times as long it took during rotations", &head, 2..=6, &body))
            div.charts { @for class in &measured { (distribution(class)) } }
            p.legend {
                span.key { i.swatch.g1 {} "before rotations" } " "
                span.key { i.swatch.g2 {} "during (the thick line)" } " "
                span.key { i.swatch.g3 {} "after" }
                " From left to right, the share of attempts that took no longer: at p99, one of a hundred took longer. Both scales are logarithmic."
            }
        }
    }
}

fn latency_rows(class: &ClassReport) -> Markup {
    let phases: Vec<(&Phase, &Latency)> = class
        .phases
        .iter()
        .map(|(phase, report)| (phase, &report.latency))
        .filter(|(_, latency)| !latency.counts.is_empty())
        .collect();
    let of = |phase: Phase| {
        phases
            .iter()
            .find(|(one, _)| **one == phase)
            .map(|(_, latency)| *latency)
    };
    let both = of(Phase::Before).zip(of(Phase::During));
    html! {
        tbody {
            @for (place, (phase, latency)) in phases.iter().enumerate() {
                tr {
                    @if place == 0 {
                        th scope="rowgroup" rowspan=(phases.len() + usize::from(both.is_some())) { (class.class) }
                    }
                    th.kind scope="row" { (format::name(phase)) }
                    @for (_, quantile) in QUANTILES {
                        td.figure { (format::micros(quantile(latency))) }
                    }
                }
            }
            @if let Some((before, during)) = both {
                tr.ratio {
                    th.kind scope="row" { "during / before" }
                    @for (_, quantile) in QUANTILES {
                        td.figure { (format::times(format::ratio(quantile(during), quantile(before)))) }
                    }
                }
            }
        }
    }
}

fn distribution(class: &ClassReport) -> Markup {
    let id = format!("latency-{}", class.class);
    let title = format!("Latency of class {} by quantile", class.class);
    let said = class.phases.iter().map(|(phase, report)| {
        format!(
            "{}: half within {}, 99 of 100 within {}.",
            format::name(phase),
            format::micros(report.latency.p50),
            format::micros(report.latency.p99)
        )
    });
    let description = said.collect::<Vec<String>>().join(" ");
    let picture = Picture {
        id: &id,
        title: &title,
        description: &description,
        class: "chart",
    };
    html! {
        figure {
            (picture.latency(class))
            figcaption { code { (class.class) } }
        }
    }
}

fn rotations(report: &Report) -> Markup {
    if report.rotations.is_empty() {
        return html! {
            section aria-labelledby="rotations" {
                h2 #rotations { "Rotations" }
                p { "There was none." }
            }
        };
    }
    let mut listed: Vec<&Rotation> = report.rotations.iter().collect();
    let all = listed.len();
    if all > LISTED {
        // The worst: those that never came to their end, then those that took longest.
        listed.sort_by(|a, b| {
            let ended = |r: &Rotation| r.converged_ms.is_some() && r.first_new_ms.is_some();
            let longest = over_after(b).total_cmp(&over_after(a));
            ended(a).cmp(&ended(b)).then(longest)
        });
        listed.truncate(WORST);
    }
    let description = format!(
        "A bar for each of {} rotations, from the first write of the agent. The longest took {} from \
         the moment the server was told.",
        listed.len(),
        format::millis(listed.iter().map(|r| over_after(r)).fold(0.0, f64::max))
    );
    let picture = |id, class| Picture {
        id,
        title: "Which certificate was shown around each rotation",
        description: &description,
        class,
    };
    let body = html! { tbody { @for rotation in &listed { (rotation_row(rotation)) } } };
    let complaints = listed
        .iter()
        .filter_map(|r| Some((r.number, r.complaint.as_deref()?)));
    let complaints: Vec<(u32, &str)> = complaints.collect();
    let caption = if all > LISTED {
        format!(
            "The worst {WORST} of {} rotations",
            format::count(all as u64)
        )
    } else {
        "Each rotation, from the moment the files were there and the server had been told".into()
    };
    html! {
        section aria-labelledby="rotations" {
            h2 #rotations { "Rotations" }
            @if all > LISTED { (rotation_quantiles(&report.rotations)) }
            figure {
                (picture("rotations-wide", "wide").rotations(&listed, 1_040))
                (picture("rotations-narrow", "narrow").rotations(&listed, 380))
                figcaption {
                    span.key { i.swatch.g1 {} "only the old one shown" } " "
                    span.key { i.swatch.g2 {} "both" } " "
                    span.key { i.swatch.g3.thin {} "only the new one" } " "
                    span.key { i.swatch.line {} "the server has been told" }
                    @if all > LISTED { " The worst " (WORST) "." }
                }
            }
            (table("rotations-table", &caption,
                &["rotation", "at", "first new", "last old", "overlap", "settled after", "serial"], 1..=5, &body))
            @if !complaints.is_empty() {
                h3 { "What the way of reloading complained of" }
                ul { @for (number, complaint) in &complaints { li { "#" (number) ": " (complaint) } } }
            }
        }
    }
}

fn rotation_row(rotation: &Rotation) -> Markup {
    let converged = rotation
        .converged_ms
        .map(|converged| converged - rotation.notified_ms);
    html! {
        tr {
            th scope="row" { (rotation.number) }
            td.figure { (format::millis(rotation.began_ms)) }
            td.figure.bad[rotation.first_new_ms.is_none()] {
                @match rotation.first_new_ms {
                    Some(ms) => (format::millis(ms)),
                    None => "never",
                }
            }
            td.figure { (format::maybe_millis(rotation.last_old_ms)) }
            td.figure { (format::millis(rotation.overlap_ms)) }
            td.figure.bad[converged.is_none()] {
                @match converged {
                    Some(ms) => (format::millis(ms)),
                    None => "never",
                }
            }
            td { code { (rotation.serial) } }
        }
    }
}

fn rotation_quantiles(rotations: &[Rotation]) -> Markup {
    let row = |what: &str, of: &dyn Fn(&Rotation) -> Option<f64>| {
        let mut times: Vec<f64> = rotations.iter().filter_map(of).collect();
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            times.get(rank.saturating_sub(1)).copied()
        };
        html! {
            tr {
                th scope="row" { (what) }
                td.figure { (format::count(times.len() as u64)) }
                @for share in [0.5, 0.9, 0.99, 0.999, 1.0] {
                    td.figure { (format::maybe_millis(at(share))) }
                }
            }
        }
    };
    let body = html! {
        tbody {
            (row("first new", &|r| r.first_new_ms))
            (row("last old", &|r| r.last_old_ms))
            (row("overlap", &|r| Some(r.overlap_ms)))
            (row("settled after", &|r| Some(r.converged_ms? - r.notified_ms)))
        }
    };
    table(
        "rotation-quantiles",
        "All rotations, from the moment the files were there and the server had been told",
        &["", "rotations", "p50", "p90", "p99", "p99.9", "longest"],
        1..=6,
        &body,
    )
}

fn scenarios(report: &Report) -> Markup {
    if report.scenarios.is_empty() {
        return html! {};
    }
    let body = html! { tbody { @for scenario in &report.scenarios {
        @let skipped = scenario.outcome == Outcome::NotApplicable;
        @let yes = |yes| match (skipped, yes) { (true, _) => "—", (_, true) => "yes", _ => "no" };
        @let outcome = match scenario.outcome {
            Outcome::Passed => "✓ passed",
            Outcome::Failed => "✗ failed",
            Outcome::NotApplicable => "not applicable",
        };
        tr {
            th scope="row" { (scenario.name) p.what { (scenario.what) } }
            td.bad[scenario.outcome == Outcome::Failed] { (outcome) }
            td.figure { (format::count(scenario.attempts)) }
            td.figure.bad[scenario.failed > 0] {
                (format::failures(scenario.failed, scenario.attempts, bound::upper(scenario.failed, scenario.attempts)))
            }
            td.figure.bad[!skipped && !scenario.kept_serving] { (yes(scenario.kept_serving)) }
            td.figure.bad[!skipped && !scenario.kept_last_good] { (yes(scenario.kept_last_good)) }
            td.figure { (format::maybe_millis(scenario.recovered_ms)) }
        }
    } } };
    html! {
        section aria-labelledby="scenarios" {
            h2 #scenarios { "What was done to it" }
            (table("scenarios-table", "Scenarios, and what came of them",
                &["scenario", "outcome", "attempts", "failed", "kept serving", "kept the last good", "recovered after"], 2..=6, &body))
        }
    }
}

fn resources(report: &Report) -> Markup {
    let Some(resources) = &report.resources else {
        return html! {};
    };
    let grown = format::ratio(resources.memory_after, resources.memory_before);
    let body = html! {
        tbody {
            tr {
                th scope="row" { "memory (PSS)" }
                td.figure { (format::bytes(resources.memory_before)) }
                td.figure { (format::bytes(resources.memory_after)) }
                td.figure { (format::times(grown)) }
            }
            tr {
                th scope="row" { "processes" }
                td.figure { (resources.processes_before) }
                td.figure { (resources.processes_after) }
                td.figure { "" }
            }
        }
    };
    let caption = format!(
        "The server before the first rotation and after the last, with {} held",
        format::counted(resources.connections_held as u64, "connection")
    );
    html! {
        section aria-labelledby="resources" {
            h2 #resources { "Memory and processes" }
            (table("resources-table", &caption, &["", "before", "after", "after / before"], 1..=3, &body))
        }
    }
}

fn conditions(report: &Report) -> Markup {
    let plan = &report.plan;
    let rates = plan
        .rates
        .iter()
        .map(|(class, rate)| format!("{class} {rate}"));
    let rates = rates.collect::<Vec<String>>().join(", ");
    let command = report.server.command.join(" ");
    html! {
        section aria-labelledby="conditions" {
            h2 #conditions { "How it was measured" }
            dl.conditions {
                dt { "Server" } dd { (report.server.name) }
                dt { "Command" }
                dd { @if command.is_empty() { "none: it ran already" } @else { code { (command) } } }
                dt { "Reload" } dd { (report.server.reload) }
                dt { "Rotations asked for" }
                dd { (format::count(plan.rotations.into())) ", one every " (format::millis(plan.interval_ms as f64)) ", written by " code { (plan.writer) } }
                dt { "Attempts a second" } dd { (rates) " (downloads: at once)" }
                dt { "Limits" }
                dd {
                    "new certificate within " (format::millis(plan.reload_within_ms as f64))
                    ", old and new together for " (format::millis(plan.overlap_ms as f64)) " at most"
                }
                dt { "Began" } dd { (report.began) ", for " (format::millis(report.seconds * 1e3)) }
                dt { "Load generators" } dd { (report.generators) }
                dt { "Machine" }
                dd { (report.machine.processor) ", " (format::counted(report.machine.cores as u64, "core")) ", " (report.machine.system) }
                dt { "zdr" } dd { (report.zdr) ", report format " (report.format) }
            }
        }
    }
}
