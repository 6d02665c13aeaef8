//! The report as one page for people: no script, nothing fetched, readable in print.

mod causes;
mod clients;
mod latency;
pub(crate) mod prose;
mod rotations;
mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::format::{self, unbroken};
use crate::report::plot::Picture;
use crate::report::plot::timeline::MARKED;
use crate::report::standing::Standing;
use crate::report::text::outcome;
use crate::report::times::Times;
use crate::report::{Outcome, Report};
use crate::server::lines::steers;
use causes::{waivers, warnings, wrong};
use ch11_verification::bound;
use clients::clients;
use latency::latencies;
use prose::{command, prose};
use rotations::rotations;
use table::table;

/// The page.
pub fn page(report: &Report) -> String {
    let standing = report.standing();
    let [passed, failed] = [Standing::Passed, Standing::Failed].map(|one| standing == one);
    let (mark, verdict) = match standing {
        Standing::Passed => ("✓", standing.word()),
        Standing::Failed => ("✗", standing.word()),
        Standing::Undecided => ("–", standing.word()),
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
                        h1.passed[passed].failed[failed] { span aria-hidden="true" { (mark) " " } (verdict) }
                        p.verdict { (prose(&report.verdict.words)) }
                        @if let Some(error) = report.also_interrupted() {
                            p.interrupted {
                                strong { "Not everything was judged: " } (prose(error)) "."
                            }
                        }
                        (key_figures(report))
                    }
                    (wrong(report))
                    (warnings(report))
                    (waivers(report))
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
    without_marks(&page.into_string())
}

/// Nothing on the page turns the direction of what follows, wherever in it the text of a server stands.
pub(crate) fn without_marks(page: &str) -> String {
    let shown = |letter: char| match steers(letter) && !['\n', '\t'].contains(&letter) {
        true => '\u{FFFD}',
        false => letter,
    };
    page.chars().map(shown).collect()
}

fn key_figures(report: &Report) -> Markup {
    let attempts: u64 = report.classes.iter().map(|class| class.attempts).sum();
    let failed: u64 = report.classes.iter().map(|class| class.failed).sum();
    let times = Times::of(&report.rotations);
    let from_files = Times::from_files(report);
    let at_risk = report.verdict.at_risk.as_ref();
    let at_risk = at_risk.map(|of| {
        let (failed, of, below) = (of.attempts.failed, of.attempts.of, of.attempts.failed_below);
        (
            format::count(failed),
            format::count(of),
            format::below(below),
        )
    });
    let longest = |ms: Option<f64>| ms.map(|ms| format!("longest {}", format::millis(ms)));
    html! {
        dl.key {
            div {
                dt { "Attempts" }
                dd {
                    (format::count(attempts))
                    @if let Some((_, many, _)) = &at_risk {
                        " " small { (many) " during rotations" }
                    }
                }
            }
            div {
                dt { "Failed" }
                dd {
                    @match attempts { 0 => "—", _ => (format::count(failed)) }
                    @if let Some((during, _, below)) = &at_risk {
                        " " small { (during) " during rotations," } " " small { "fewer than " (below) }
                    }
                }
            }
            div { dt { "Rotations" } dd { (format::count(times.rotations)) } }
            div {
                dt { "To the new certificate" }
                dd {
                    (unbroken(&format::maybe_millis(times.first_new_median_ms)))
                    @if let Some(worst) = longest(times.first_new_worst_ms) {
                        " " small { "in the median," } " " small { (worst) }
                    }
                    @if let Some((since, of)) = &from_files {
                        " " small { (since) ";" }
                        " " small { (format::maybe_millis(of.first_new_median_ms)) " after the first file" }
                    }
                }
            }
            div {
                dt { "Old and new together" }
                dd {
                    (unbroken(&format::maybe_millis(times.overlap_worst_ms)))
                    @if times.overlap_worst_ms.is_some() { " " small { "at the longest" } }
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

fn scenarios(report: &Report) -> Markup {
    if report.scenarios.is_empty() {
        return html! {};
    }
    let body = html! { tbody { @for scenario in &report.scenarios {
        @let skipped = scenario.outcome == Outcome::NotApplicable;
        @let yes = |yes| match (skipped, yes) { (true, _) => "—", (_, true) => "yes", _ => "no" };
        @let outcome = match outcome(scenario, report) {
            "passed" => "✓ passed",
            "failed" => "✗ failed",
            "noted" => "failed, not required",
            "waived" => "failed, waived",
            other => other,
        };
        tr {
            th scope="row" { (scenario.name) p.what { (prose(&scenario.what)) } }
            td.bad[report.fails_in(&scenario.name)] { (outcome) }
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
            @if let Some(handles) = &resources.handles {
                tr {
                    th scope="row" { "open descriptors" }
                    td.figure { (handles.descriptors_before) }
                    td.figure { (handles.descriptors_after) }
                    td.figure { "" }
                }
                tr {
                    th scope="row" { "threads" }
                    td.figure { (handles.threads_before) }
                    td.figure { (handles.threads_after) }
                    td.figure { "" }
                }
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
    let started = report.server.command.join(" ");
    let millis = |ms: f64| unbroken(&format::millis(ms));
    html! {
        section aria-labelledby="conditions" {
            h2 #conditions { "How it was measured" }
            dl.conditions {
                dt { "Server" } dd { (report.server.name) }
                dt { "Command" }
                dd { @if started.is_empty() { "none: it ran already" } @else { code { (command(&started)) } } }
                dt { "Reload" } dd { (prose(&report.server.reload)) }
                dt { "Rotations asked for" }
                dd { (format::count(plan.rotations.into())) ", one every " (millis(plan.interval_ms as f64)) ", written by " code { (plan.writer) } }
                dt { "Attempts a second" } dd { (rates) " (downloads, uploads, conversations: at once)" }
                dt { "Level" } dd { code { (report.plan.require) } }
                dt { "Limits" }
                dd {
                    "new certificate within " (millis(plan.reload_within_ms as f64))
                    ", old and new together for " (millis(plan.overlap_ms as f64)) " at most"
                }
                dt { "Began" } dd { (report.began) ", clients came for " (millis(report.seconds * 1e3)) }
                dt { "Load generators" } dd { (report.generators) }
                dt { "Machine" }
                dd { (unbroken(&report.machine.processor)) ", " (format::counted(report.machine.cores as u64, "core")) ", " (report.machine.system) }
                dt { "zdr" } dd { (report.zdr) ", report format " (report.format) }
            }
        }
    }
}
