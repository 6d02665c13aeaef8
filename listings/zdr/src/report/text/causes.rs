//! What is wrong, for a terminal: the worst in full, the rest in a line each.

use crate::report::cause::Cause;
use crate::report::format::{self, WIDTH, counted};
use crate::report::news::causes;
use crate::report::reproduce::reproduction;
use crate::report::{Finding, Report, Status};

/// So many are told in full.
const IN_FULL: usize = 3;
/// So many scenarios are named in a line.
const NAMED: usize = 5;

/// The lines about a report's failures.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let causes = causes(report);
    let of = |status| causes.iter().filter(move |cause| cause.status == status);
    let mut lines = Vec::new();
    let counted: Vec<_> = of(Status::Counted).collect();
    if !counted.is_empty() {
        lines.push("\nWhat is wrong".to_owned());
    }
    for (cause, number) in counted.iter().zip(1..) {
        match number <= IN_FULL {
            true => in_full(&mut lines, number, cause, report),
            false => lines.push(hanging(&format!("{number}. {}", short(cause, report)), 5)),
        }
    }
    let level = report.plan.require;
    let others = [
        (
            Status::NotRequired,
            format!("\nNot required by the level `{level}`"),
        ),
        (Status::Waived, "\nWaived".to_owned()),
    ];
    for (status, title) in others {
        if of(status).next().is_some() {
            lines.push(title);
        }
        lines.extend(of(status).map(|cause| hanging(&format!("· {}", short(cause, report)), 4)));
    }
    lines
}

fn in_full(lines: &mut Vec<String>, number: usize, cause: &Cause, report: &Report) {
    lines.push(hanging(&format!("{number}. {}", cause.what), 5));
    let findings: Vec<_> = cause
        .findings
        .iter()
        .filter_map(|at| report.findings.get(*at))
        .collect();
    for found in findings.iter().take(IN_FULL) {
        let (code, scenario) = (format::name(&found.code), &found.scenario);
        lines.push(indented(&format!("{code} in {scenario}: {}", found.words)));
    }
    let more = cause.findings.get(IN_FULL..).unwrap_or_default();
    if !more.is_empty() {
        let names = named(&cause.scenarios(more, &report.findings));
        let many = counted(more.len() as u64, "more failure");
        lines.push(indented(&format!("And {many}, in {names}.")));
    }
    if !cause.repeated.is_empty() {
        let names = cause.scenarios(&cause.repeated, &report.findings);
        let many = counted(names.len() as u64, "scenario");
        lines.push(indented(&format!(
            "The same again in {many}: {}.",
            named(&names)
        )));
    }
    if let Some(first) = first_seen(&findings) {
        lines.push(indented(&first));
    }
    lines.push(indented(&format!(
        "What to do: {} {}.",
        cause.advice,
        reading(cause, report)
    )));
    if let Some(see) = reproduction(report, cause) {
        lines.push(indented(&format!("To see it (it {}):", see.shows)));
        lines.extend(command(&see.command));
    }
}

/// What the first client saw that failed.
fn first_seen(findings: &[&Finding]) -> Option<String> {
    let found = findings.iter().find(|found| !found.evidence.is_empty())?;
    found
        .evidence
        .first()
        .map(|of| format!("First seen: {of}."))
}

/// In a line: what is wrong, and where it was found.
fn short(cause: &Cause, report: &Report) -> String {
    let mut codes: Vec<_> = cause
        .findings
        .iter()
        .filter_map(|at| report.findings.get(*at))
        .collect();
    codes.dedup_by_key(|found| found.code);
    let codes: Vec<_> = codes
        .iter()
        .map(|found| format::name(&found.code))
        .collect();
    let places: Vec<_> = cause.places().collect();
    let names = named(&cause.scenarios(&places, &report.findings));
    let (what, codes, reading) = (&cause.what, codes.join(", "), reading(cause, report));
    format!("{what} {codes} in {names}. {reading}.")
}

/// Where to read on: the page, and the entries of the catalogue.
fn reading(cause: &Cause, report: &Report) -> String {
    let book = report.book.clone().unwrap_or_default();
    let page = book.page(&cause.page);
    match book.entries(&cause.catalogue) {
        Some(entries) => format!("Read {page}; {entries}"),
        None => format!("Read {page}"),
    }
}

/// The first of these names, and how many there are beside.
fn named(names: &[&str]) -> String {
    match names.get(NAMED..) {
        Some(more) if !more.is_empty() => {
            format!("{} and {} others", names[..NAMED].join(", "), more.len())
        }
        _ => names.join(", "),
    }
}

/// A command in lines that a shell reads as one. A word is never broken, nor is what stands in quotes: a
/// line is too long rather than wrong.
fn command(command: &str) -> Vec<String> {
    const ROOM: usize = WIDTH - 7 - " \\".len();
    let mut lines: Vec<String> = Vec::new();
    let mut quoted = false;
    for word in format::plain(command).split(' ') {
        let stays = quoted;
        quoted ^= word.matches('\'').count() % 2 == 1;
        match lines.last_mut() {
            Some(line) if stays || length(line) + 1 + length(word) <= ROOM => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    let lines = lines.join(" \\\n");
    lines.lines().map(|line| format!("       {line}")).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn hanging(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    format!("  {}", format::wrapped(text, WIDTH - 2, &indent))
}

fn indented(text: &str) -> String {
    format!("     {}", format::wrapped(text, WIDTH - 5, "       "))
}
