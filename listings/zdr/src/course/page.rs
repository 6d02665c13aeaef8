//! The course as one page for people: no script, nothing fetched.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Course;
use super::lesson::{Hint, ON, advice};
use super::stage::{StageReport, State};
use super::text::figures;
use crate::report::book::Book;
use crate::report::format::name;
use crate::report::page::prose::prose;
use crate::report::page::without_marks;
use crate::report::{Finding, Severity};

/// The page. `book` is where the book is served.
pub fn page(course: &Course, book: &Book) -> String {
    let (mark, verdict) = match course.passed {
        true => ("✓", "Passed"),
        false => ("✗", "Not passed yet"),
    };
    let passed = course.passed;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (course.server) ": the course – zdr" }
                style { (PreEscaped(include_str!("../report/page/page.css"))) }
            }
            body {
                main {
                    header {
                        p.of { "zdr check --course · " (course.server) }
                        h1.passed[passed].failed[!passed] { span aria-hidden="true" { (mark) " " } (verdict) }
                        p.verdict { (prose(&super::text::verdict(course))) }
                    }
                    @for (stage, number) in course.stages.iter().zip(1..) { (of_stage(stage, number, book)) }
                    @if course.passed {
                        section aria-labelledby="on" {
                            h2 #on { "The rest of the book" }
                            ul { @for hint in ON { li { (place(hint, book)) } } }
                        }
                    }
                }
                footer { "Written by zdr " (env!("CARGO_PKG_VERSION")) "." }
            }
        }
    };
    without_marks(&page.into_string())
}

fn of_stage(stage: &StageReport, number: usize, book: &Book) -> Markup {
    let id = format!("stage-{number}");
    let failures = stage.findings.iter().filter(|one| stage.fails(one));
    let failures: Vec<Finding> = failures.cloned().collect();
    let notes = stage.findings.iter();
    let notes = notes.filter(|found| found.severity == Severity::Warning);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (number) ". " (stage.lesson.name()) ": " (stage.state.words()) }
            @if !matches!(stage.state, State::Closed | State::NotTaken) {
                p { (prose(stage.lesson.what())) }
                @if stage.attempts > 0 { p { (figures(stage)) } }
                @if !stage.skipped.is_empty() { p { "Not asked of it: " (stage.skipped.join(", ")) "." } }
                ul.findings {
                    @for cause in stage.causes(&failures) {
                        li.failure {
                            h3 { span.severity { "Failure:" } " " (prose(&cause.what)) }
                            @for at in cause.places() { (told(&failures[at])) }
                            p { strong { "What to do: " } (prose(&cause.advice)) }
                        }
                    }
                    @for found in notes {
                        li.warning {
                            h3 { span.severity { "Note:" } " " code { (name(&found.code)) } }
                            (told(found))
                            @if let Some(hint) = advice(found.code) { p.see { (place(hint, book)) } }
                        }
                    }
                }
                @if let Some(hint) = stage.hint { p.see { strong { "Hint: " } (place(hint, book)) } }
            }
        }
    }
}

fn told(found: &Finding) -> Markup {
    html! { p { code { (name(&found.code)) } " in " (found.scenario) ": " (prose(&found.words)) } }
}

/// A question, and where the book answers it.
fn place(hint: &Hint, book: &Book) -> Markup {
    let page = hint.page.trim_start_matches("src/");
    html! {
        (prose(hint.words)) " Read "
        @match book.link(page) {
            Some(link) => a href=(link) { (page) },
            None => (page),
        }
        ", “" (hint.heading) "”."
    }
}
