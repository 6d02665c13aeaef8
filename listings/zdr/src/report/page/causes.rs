//! What is wrong, with what to do; then what does not count, and warnings.

use maud::{Markup, html};

use super::prose::{command, prose};
use crate::report::book::Book;
use crate::report::cause::Cause;
use crate::report::format::{self, counted};
use crate::report::news::causes;
use crate::report::reproduce::reproduction;
use crate::report::waiver::WaiverState;
use crate::report::{Finding, Report, Severity, Status};

/// As many words are shown of findings that are the same but for their figures.
const ALIKE: usize = 3;

/// The causes of its failures, the most harmful first.
pub(super) fn wrong(report: &Report) -> Markup {
    let causes = causes(report);
    let of = |status| causes.iter().filter(move |cause| cause.status == status);
    let sections = [
        (Status::Counted, "wrong", "What is wrong".to_owned()),
        (
            Status::NotRequired,
            "not-required",
            format!("Not required by the level `{}`", report.plan.require),
        ),
        (Status::Waived, "waived", "Waived".to_owned()),
    ];
    html! {
        @for (status, id, title) in &sections {
            @if of(*status).next().is_some() {
                section aria-labelledby=(id) {
                    h2 id=(id) { (prose(title)) }
                    ol.findings { @for cause in of(*status) { (item(cause, report)) } }
                }
            }
        }
    }
}

fn item(cause: &Cause, report: &Report) -> Markup {
    let (class, word) = match cause.status {
        Status::Counted => ("failure", "Failure"),
        Status::NotRequired => ("note", "Not required"),
        Status::Waived => ("note", "Waived"),
    };
    let findings = cause.findings.iter();
    let findings: Vec<_> = findings.filter_map(|at| report.findings.get(*at)).collect();
    let repeated = cause.scenarios(&cause.repeated, &report.findings);
    let seen = findings.iter().find_map(|found| found.evidence.first());
    html! {
        li class=(class) {
            h3 { span.severity { (word) ":" } " " (prose(&cause.what)) }
            (words(&findings))
            @if !repeated.is_empty() {
                p { "The same again in " (counted(repeated.len() as u64, "scenario")) ": " (repeated.join(", ")) "." }
            }
            @if let Some(seen) = seen { p { "First seen: " (prose(&seen.to_string())) "." } }
            p { strong { "What to do: " } (prose(&cause.advice)) }
            @if let Some(see) = reproduction(report, cause) {
                p { "To see it (it " (see.shows) "):" }
                pre { code { (command(&see.command)) } }
            }
            (reading(cause, &report.book.clone().unwrap_or_default()))
        }
    }
}

/// What was found, each finding with its figures. From several generators, the same comes with figures of
/// each.
fn words(findings: &[&Finding]) -> Markup {
    let mut alike: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in findings {
        let key = |of: &Finding| (of.code, of.scenario.clone());
        let mut known = alike.iter_mut();
        match known.find(|(first, _)| key(first) == key(finding)) {
            Some((_, words)) => words.push(&finding.words),
            None => alike.push((finding, vec![&finding.words])),
        }
    }
    html! {
        @for (found, words) in &alike {
            @for one in words.iter().take(ALIKE) {
                p { code { (format::name(&found.code)) } " in " (found.scenario) ": " (prose(one)) }
            }
            @if words.len() > ALIKE { p { "And " (words.len() - ALIKE) " more like it." } }
        }
    }
}

fn reading(cause: &Cause, book: &Book) -> Markup {
    let entries = &cause.catalogue;
    html! {
        p.see {
            "Read " (linked(&cause.page, book.link(&cause.page)))
            @if !entries.is_empty() {
                ", and the book’s failure catalogue, "
                (if entries.len() == 1 { "entry " } else { "entries " })
                @for (place, entry) in entries.iter().enumerate() {
                    @if place > 0 { ", " } (linked(&entry.to_string(), book.entry(*entry)))
                }
            }
            "."
        }
    }
}

/// A link, where it is known where it leads.
fn linked(text: &str, link: Option<String>) -> Markup {
    match link {
        Some(link) => html! { a href=(link) { (text) } },
        None => html! { (text) },
    }
}

/// What is to be known, and fails no server.
pub(super) fn warnings(report: &Report) -> Markup {
    let warnings = report.findings.iter();
    let warnings = warnings.filter(|found| found.severity == Severity::Warning);
    let mut codes: Vec<Vec<&Finding>> = Vec::new();
    for found in warnings {
        match codes.iter_mut().find(|of| of[0].code == found.code) {
            Some(same) => same.push(found),
            None => codes.push(vec![found]),
        }
    }
    if codes.is_empty() {
        return html! {};
    }
    let book = report.book.clone().unwrap_or_default();
    html! {
        section aria-labelledby="warnings" {
            h2 #warnings { "Warnings" }
            ul.findings {
                @for same in &codes {
                    li.warning {
                        h3 { span.severity { "Warning:" } " " code { (format::name(&same[0].code)) } }
                        (words(same))
                        @if let Some(entries) = book.entries(&same[0].catalogue) { p.see { "See the book’s " (entries) "." } }
                    }
                }
            }
        }
    }
}

/// What the TOML file allows, and what became of it.
pub(super) fn waivers(report: &Report) -> Markup {
    if report.waivers.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="waivers" {
            h2 #waivers { "Waivers" }
            ul.findings {
                @for waiver in &report.waivers {
                    li.note.warning[waiver.state != WaiverState::Applied] {
                        h3 { code { (waiver.scenario) } " until " (waiver.until) ": " (waiver.state.words()) }
                        p { "Allows " (waiver.names()) ". " (prose(&waiver.because)) }
                    }
                }
            }
        }
    }
}
