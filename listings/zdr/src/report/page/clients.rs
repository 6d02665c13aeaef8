//! What each class of clients met: attempts, failures, and failures by kind.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::table::table;
use crate::attempt::FailureKind;
use crate::report::at_risk::{AtRisk, Exposure, INDEPENDENCE};
use crate::report::format::{self, unbroken};
use crate::report::{ClassReport, Phase, PhaseReport, Report};

pub(super) fn clients(report: &Report) -> Markup {
    if report.classes.is_empty() {
        return html! {};
    }
    let body = html! {
        tbody { @for class in &report.classes {
            tr {
                th scope="row" { (class.class) }
                td.figure { (format::count(class.attempts)) }
                td.figure.bad[class.failed > 0] {
                    (format::failed(class.failed, class.attempts))
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
            (table("clients-table", "Attempts and failures by class of clients, by when the attempts were made",
                &["class", "attempts", "failed", "before rotations", "during", "after", "connections opened", "resumed", "ended as they should"], 1..=8, &body))
            (kinds(report))
            (at_risk(report))
        }
    }
}

/// What rotations can have hurt. Bounds stand here alone: one over all attempts is too good.
fn at_risk(report: &Report) -> Markup {
    let Some(all) = &report.verdict.at_risk else {
        return html! {};
    };
    let row = |name: &str, of: &AtRisk| {
        let cells = [Some(of.attempts), of.connections, Some(of.rotations)];
        html! {
            tr {
                th scope="row" { (name) }
                @for cell in cells {
                    td.figure.bad[cell.is_some_and(|of| of.failed > 0)] {
                        (cell.map_or_else(|| "—".into(), Exposure::cell))
                    }
                }
            }
        }
    };
    let body = html! {
        tbody {
            @for class in &report.classes {
                @if let Some(of) = &class.at_risk { (row(class.class.name(), of)) }
            }
            @if report.classes.len() > 1 { (row("all", all)) }
        }
    };
    html! {
        h3 { "What was at risk" }
        p { "Most attempts of a run meet no rotation. " (INDEPENDENCE) }
        (table("at-risk-table", "Failures of what met a rotation. Behind each count stands what its share is below, with 95 % confidence.",
            &["class", "attempts during rotations", "kept connections", "rotations"], 1..=3, &body))
    }
}

fn sum(class: &ClassReport, of: fn(&PhaseReport) -> u64) -> u64 {
    class.phases.values().map(of).sum()
}

fn phase_failures(class: &ClassReport, phase: Phase) -> String {
    class.phases.get(&phase).map_or_else(
        || "—".into(),
        |phase| {
            let (failed, of) = (format::count(phase.failed), format::count(phase.attempts));
            format!("{failed} of {of}")
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
                        td.said { (unbroken(example)) }
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
