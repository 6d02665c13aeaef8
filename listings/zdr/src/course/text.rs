//! The course for a terminal.

use std::fmt::Write;

use super::Course;
use super::lesson::{Hint, ON, advice};
use super::stage::{StageReport, State};
use crate::report::at_risk::none_or;
use crate::report::format::{count, counted, wrapped};
use crate::report::text::WIDTH;
use crate::report::{Finding, Severity};

/// A stage that is over.
pub fn stage(number: usize, report: &StageReport) -> String {
    let name = report.lesson.name();
    let mut text = match report.state {
        State::Closed => return format!("{number}  {name}: closed\n"),
        State::Passed => format!("{number}  {name}: passed\n"),
        State::NotJudged => format!("{number}  {name}: not judged\n"),
        State::Failed => format!("{number}  {name}: not passed\n"),
    };
    put(&mut text, report.lesson.what());
    let rotations = counted(report.rotations, "rotation");
    let scenarios = match report.scenarios {
        0 => String::new(),
        many => format!(", {}", counted(many, "scenario")),
    };
    let failed = failures(report.failed, report.attempts);
    if report.attempts > 0 {
        let figures = format!("{rotations}{scenarios}: {failed} attempts failed.");
        put(&mut text, &figures);
    }
    if !report.skipped.is_empty() {
        put(
            &mut text,
            &format!("Not asked of it: {}.", report.skipped.join(", ")),
        );
    }
    let mut failures = report.findings.iter().filter(|one| report.fails(one));
    if let Some(worst) = failures.next() {
        put(&mut text, &format!("Found: {}", said(worst)));
    }
    match failures.count() {
        0 => {}
        more => put(
            &mut text,
            &format!("And {}.", counted(more as u64, "more finding")),
        ),
    }
    if let Some(hint) = report.hint {
        put(&mut text, &format!("Hint: {} {}", hint.words, place(hint)));
    }
    let mut notes: Vec<_> = report
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Warning)
        .collect();
    notes.dedup_by_key(|one| one.code);
    for note in notes {
        let place = advice(note.code).map(|hint| format!(" {} {}", hint.words, place(hint)));
        let place = place.unwrap_or_default();
        put(&mut text, &format!("Note: {}{place}", said(note)));
    }
    text
}

/// Without a bound: most of these attempts met no rotation.
fn failures(failed: u64, attempts: u64) -> String {
    format!("{} of {}", none_or(failed), count(attempts))
}

/// The end: what it took, and what to read next.
pub fn end(course: &Course) -> String {
    let sum = |of: fn(&StageReport) -> u64| course.stages.iter().map(of).sum::<u64>();
    let passed = course.stages.iter();
    let passed = passed.filter(|one| one.state == State::Passed).count();
    let figures = format!(
        "{passed} of {} stages, {:.0} s, {}, {}: {} attempts failed.",
        course.stages.len(),
        course.seconds,
        counted(sum(|one| one.rotations), "rotation"),
        counted(sum(|one| one.scenarios), "scenario"),
        failures(sum(|one| one.failed), sum(|one| one.attempts)),
    );
    let unjudged = course.stages.iter();
    let unjudged = unjudged.filter(|one| one.state == State::NotJudged).count();
    let mut text = String::new();
    let name = &course.server;
    let verdict = match (&course.interrupted, course.passed) {
        (Some(error), _) => format!("{name} has not finished the course: {error}. {figures}"),
        (None, true) if unjudged > 0 => format!(
            "{name} has passed what could be judged of the course, all but {}. {figures}",
            counted(unjudged as u64, "stage")
        ),
        (None, true) => format!("{name} has passed the course. {figures}"),
        (None, false) => format!("{name} has not passed the course yet. {figures}"),
    };
    text.push_str(&wrapped(&verdict, WIDTH, ""));
    text.push('\n');
    if course.passed {
        text.push_str("\nThe rest of the book:\n");
        for hint in ON {
            put(&mut text, &format!("{} {}", hint.words, place(hint)));
        }
    }
    text
}

fn place(hint: &Hint) -> String {
    format!("Read {}, \"{}\".", hint.page, hint.heading)
}

fn said(finding: &Finding) -> String {
    format!("{}: {}", finding.scenario, finding.words)
}

fn put(text: &mut String, line: &str) {
    let _ = writeln!(text, "   {}", wrapped(line, WIDTH - 3, "   "));
}
