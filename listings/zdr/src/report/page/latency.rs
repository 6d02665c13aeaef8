//! Latency by class and phase, as a table of quantiles and as a curve for each class.

use maud::{Markup, html};

use super::table::table;
use crate::report::format;
use crate::report::plot::Picture;
use crate::report::{ClassReport, Latency, Phase, Report};

/// A quantile, and how it is taken from a phase.
type Quantile = (&'static str, fn(&Latency) -> u64);

const QUANTILES: [Quantile; 5] = [
    ("p50", |latency| latency.p50),
    ("p90", |latency| latency.p90),
    ("p99", |latency| latency.p99),
    ("p99.9", |latency| latency.p999),
    ("longest", |latency| latency.max),
];

pub(super) fn latencies(report: &Report) -> Markup {
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
