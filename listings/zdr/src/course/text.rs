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
    let mut text = format!("{number}  {name}: {}\n", report.state.words());
    if matches!(report.state, State::Closed | State::NotTaken) {
        return text;
    }
    put(&mut text, report.lesson.what());
    if report.attempts > 0 {
        put(&mut text, &figures(report));
    }
    if !report.skipped.is_empty() {
        put(
            &mut text,
            &format!("Not asked of it: {}.", report.skipped.join(", ")),
        );
    }
    found(&mut text, report);
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

/// All that was found, each cause once.
fn found(text: &mut String, report: &StageReport) {
    let failures = report.findings.iter().filter(|one| report.fails(one));
    let failures: Vec<Finding> = failures.cloned().collect();
    for cause in report.causes(&failures) {
        put(text, &format!("Found: {}", cause.what));
        for at in &cause.findings {
            put(text, &format!("- {}", said(&failures[*at])));
        }
        let names = cause.scenarios(&cause.repeated, &failures);
        if !names.is_empty() {
            put(text, &format!("- The same again: {}.", names.join(", ")));
        }
    }
}

/// What was done in a stage, and how much of it failed.
pub(super) fn figures(report: &StageReport) -> String {
    let rotations = counted(report.rotations, "rotation");
    let scenarios = match report.scenarios {
        0 => String::new(),
        many => format!(", {}", counted(many, "scenario")),
    };
    let failed = failures(report.failed, report.attempts);
    format!("{rotations}{scenarios}: {failed} attempts failed.")
}

/// Without a bound: most of these attempts met no rotation.
fn failures(failed: u64, attempts: u64) -> String {
    format!("{} of {}", none_or(failed), count(attempts))
}

/// The end: what it took, and what to read next.
pub fn end(course: &Course) -> String {
    let mut text = wrapped(&verdict(course), WIDTH, "") + "\n";
    if course.passed {
        text.push_str("\nThe rest of the book:\n");
        for hint in ON {
            put(&mut text, &format!("{} {}", hint.words, place(hint)));
        }
    }
    text
}

/// What came of the course, in a few sentences.
pub(super) fn verdict(course: &Course) -> String {
    let sum = |of: fn(&StageReport) -> u64| course.stages.iter().map(of).sum::<u64>();
    let many = |state| {
        course
            .stages
            .iter()
            .filter(|one| one.state == state)
            .count()
    };
    let figures = format!(
        "{} of {} stages, {:.0} s, {}, {}: {} attempts failed.",
        many(State::Passed),
        course.stages.len(),
        course.seconds,
        counted(sum(|one| one.rotations), "rotation"),
        counted(sum(|one| one.scenarios), "scenario"),
        failures(sum(|one| one.failed), sum(|one| one.attempts)),
    );
    let name = &course.server;
    let (unjudged, before) = (many(State::NotJudged), many(State::NotTaken));
    // After one that was not passed, or did not come to its end, all are closed.
    let is_open = |one: &StageReport| matches!(one.state, State::Failed | State::Closed);
    let at = course
        .stages
        .iter()
        .position(is_open)
        .map_or(1, |at| at + 1);
    let go_on = format!("Go on here with `--course --from {at}`.");
    match (&course.interrupted, course.passed) {
        (Some(error), _) => {
            format!("{name} has not finished the course: {error}. {figures} {go_on}")
        }
        (None, true) if before > 0 => format!(
            "{name} has passed the course from stage {} on. A change may have broken an earlier stage: take \
             it from the beginning once. {figures}",
            before + 1
        ),
        (None, true) if unjudged > 0 => format!(
            "{name} has passed what could be judged of the course, all but {}. {figures}",
            counted(unjudged as u64, "stage")
        ),
        (None, true) => format!("{name} has passed the course. {figures}"),
        (None, false) => format!("{name} has not passed the course yet. {figures} {go_on}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::lesson::Lesson;

    #[test]
    fn a_course_that_was_interrupted_goes_on_where_it_ended() {
        let stage = |lesson, state| StageReport {
            state,
            ..StageReport::closed(lesson)
        };
        let mut course = Course {
            server: "mine".into(),
            passed: false,
            stages: vec![
                stage(Lesson::Serves, State::NotTaken),
                stage(Lesson::Rotates, State::Passed),
                stage(Lesson::ByAnyWriter, State::Closed),
                stage(Lesson::Refuses, State::Closed),
            ],
            seconds: 14.0,
            interrupted: Some("it was interrupted (Ctrl-C)".into()),
        };
        let said = verdict(&course);
        assert!(
            said.ends_with("Go on here with `--course --from 3`."),
            "{said}"
        );
        course.interrupted = None;
        course.stages[1].state = State::Failed;
        let said = verdict(&course);
        assert!(
            said.ends_with("Go on here with `--course --from 2`."),
            "{said}"
        );
    }
}
