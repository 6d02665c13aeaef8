//! The rotations, as a picture and as a table. Of many, the worst and the quantiles of all.

use maud::{Markup, html};

use super::prose::prose;
use super::table::table;
use crate::report::format;
use crate::report::plot::Picture;
use crate::report::plot::rotations::over_after;
use crate::report::times::watched;
use crate::report::{Report, Rotation};

/// As many rotations are listed one by one. Of more, the worst ten and quantiles.
const LISTED: usize = 20;

const WORST: usize = 10;

/// From when their times count.
const FROM: &str = "from the moment the files were there and the server had been notified";

pub(super) fn rotations(report: &Report) -> Markup {
    if report.rotations.is_empty() {
        return html! {
            section aria-labelledby="rotations" {
                h2 #rotations { "Rotations" }
                p { "There was none." }
            }
        };
    }
    let all = report.rotations.len();
    let many = all > LISTED;
    let listed = listed(&report.rotations);
    let body = html! { tbody { @for rotation in &listed { (rotation_row(rotation)) } } };
    let caption = if many {
        let all = format::count(all as u64);
        format!("The worst {WORST} of {all} rotations")
    } else {
        format!("Each rotation, {FROM}")
    };
    html! {
        section aria-labelledby="rotations" {
            h2 #rotations { "Rotations" }
            @if many { (rotation_quantiles(&report.rotations)) }
            (figure(&listed, many))
            (table("rotations-table", &caption,
                &["rotation", "at", "first new", "last old", "overlap", "converged after", "serial"], 1..=5, &body))
            (complaints(&listed))
            @if let Some(words) = watched(report) { p { (format::unbroken(&words)) } }
        }
    }
}

/// All of them, or the worst: those that never came to their end, then those that took longest.
fn listed(rotations: &[Rotation]) -> Vec<&Rotation> {
    let mut listed: Vec<&Rotation> = rotations.iter().collect();
    if listed.len() > LISTED {
        listed.sort_by(|a, b| {
            let ended = |r: &Rotation| r.converged_ms.is_some() && r.first_new_ms.is_some();
            let longest = over_after(b).total_cmp(&over_after(a));
            ended(a).cmp(&ended(b)).then(longest)
        });
        listed.truncate(WORST);
    }
    listed
}

fn figure(listed: &[&Rotation], worst: bool) -> Markup {
    let longest = listed.iter().map(|one| over_after(one));
    let description = format!(
        "A bar for each of {} rotations, from the first write of the agent. The longest took {} from \
         the moment the server was notified.",
        listed.len(),
        format::millis(longest.fold(0.0, f64::max))
    );
    let picture = |id, class| Picture {
        id,
        title: "Which certificate was shown around each rotation",
        description: &description,
        class,
    };
    html! {
        figure {
            (picture("rotations-wide", "wide").rotations(listed, 1_040))
            (picture("rotations-narrow", "narrow").rotations(listed, 380))
            figcaption {
                span.key { i.swatch.g1 {} "only the old one shown" } " "
                span.key { i.swatch.g2 {} "both" } " "
                span.key { i.swatch.g3.thin {} "only the new one" } " "
                span.key { i.swatch.line {} "the server has been notified" }
                @if worst { " The worst " (WORST) "." }
            }
        }
    }
}

fn complaints(listed: &[&Rotation]) -> Markup {
    let complaints = listed
        .iter()
        .filter_map(|r| Some((r.number, r.complaint.as_deref()?)));
    let complaints: Vec<(u32, &str)> = complaints.collect();
    html! {
        @if !complaints.is_empty() {
            h3 { "What the way of reloading complained of" }
            ul { @for (number, complaint) in &complaints { li { "#" (number) ": " (prose(complaint)) } } }
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
            (row("converged after", &|r| Some(r.converged_ms? - r.notified_ms)))
        }
    };
    table(
        "rotation-quantiles",
        &format!("All rotations, {FROM}"),
        &["", "rotations", "p50", "p90", "p99", "p99.9", "longest"],
        1..=6,
        &body,
    )
}
