//! The report for GitHub: workflow commands, which make annotations, and a summary of the job in Markdown.
//!
//! The format of commands, and what has to be escaped in them, is that of GitHub's toolkit for actions: `%`,
//! carriage return and line feed everywhere, `:` and `,` in properties, too.

use std::fmt::Write;
use std::path::Path;

use crate::report::cause::Cause;
use crate::report::format::{self, plain};
use crate::report::news::causes;
use crate::report::standing::Standing;
use crate::report::text::outcome;
use crate::report::{Finding, Report, ScenarioReport, Severity, Status};

/// As many failures are told of a cause.
const TOLD: usize = 3;

/// A command for each thing that is wrong, for each warning, and for what does not count. They stand at
/// `file`, where it is known: the description of the server.
pub fn annotations(report: &Report, file: Option<&Path>) -> String {
    let mut text = String::new();
    for cause in causes(report) {
        let (command, title) = match cause.status {
            Status::Counted => ("error", cause.what.clone()),
            Status::NotRequired => ("notice", format!("Not required: {}", cause.what)),
            Status::Waived => ("notice", format!("Waived: {}", cause.what)),
        };
        put(&mut text, command, file, &title, &lines(&cause, report));
    }
    let warnings = report.findings.iter();
    for found in warnings.filter(|found| found.severity == Severity::Warning) {
        let title = format!("{} in {}", format::name(&found.code), found.scenario);
        put(
            &mut text,
            "warning",
            file,
            &title,
            std::slice::from_ref(&found.words),
        );
    }
    if let Some(why) = &report.interrupted {
        let what = match report.standing() {
            Standing::Failed => "not everything was judged",
            Standing::Passed | Standing::Undecided => "no verdict",
        };
        let title = format!("{}: {what}", report.server.name);
        put(&mut text, "error", file, &title, std::slice::from_ref(why));
    }
    text
}

/// A text between marks within which GitHub obeys no command: a line of the server's may begin like one.
/// `token` is the mark, and must be nobody's guess.
pub fn without_commands(text: &str, token: &str) -> String {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("::stop-commands::{token}\n{text}{end}::{token}::\n")
}

fn lines(cause: &Cause, report: &Report) -> Vec<String> {
    let found = cause
        .findings
        .iter()
        .filter_map(|at| report.findings.get(*at));
    let found: Vec<&Finding> = found.collect();
    let mut lines: Vec<_> = found.iter().take(TOLD).map(|found| told(found)).collect();
    let names = cause.scenarios(&cause.repeated, &report.findings);
    if !names.is_empty() {
        lines.push(format!("The same again in {}.", names.join(", ")));
    }
    let mut seen = found.iter().filter_map(|found| found.evidence.first());
    lines.extend(seen.next().map(|first| format!("First seen: {first}.")));
    let book = report.book.clone().unwrap_or_default();
    lines.push(format!(
        "What to do: {} Read {}.",
        cause.advice,
        book.page(&cause.page)
    ));
    lines.extend(
        book.entries(&cause.catalogue)
            .map(|see| format!("See the {see}.")),
    );
    lines
}

fn told(found: &Finding) -> String {
    format!(
        "{} in {}: {}",
        format::name(&found.code),
        found.scenario,
        found.words
    )
}

fn put(text: &mut String, command: &str, file: Option<&Path>, title: &str, lines: &[String]) {
    let file = file.map_or_else(String::new, |file| {
        format!("file={},", property(&plain(&file.display().to_string())))
    });
    let lines: Vec<_> = lines.iter().map(|line| data(&plain(line))).collect();
    let title = property(&plain(title));
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "::{command} {file}title={title}::{}",
        lines.join("%0A")
    );
}

/// The message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The summary of a job, in Markdown.
pub fn job_summary(report: &Report) -> String {
    let mark = match report.standing() {
        Standing::Passed => "✅",
        Standing::Failed => "❌",
        Standing::Undecided => "⏹",
    };
    let mut text = format!(
        "## {mark} {}\n\n{}\n",
        markdown(&report.server.name),
        markdown(&report.verdict.words)
    );
    if let Some(why) = report.also_interrupted() {
        text += &format!("\nNot everything was judged: {}.\n", markdown(why));
    }
    let causes = causes(report);
    if !causes.is_empty() {
        text += "\n| | what is wrong | where | what to do |\n|---|---|---|---|\n";
    }
    for cause in &causes {
        let _ = writeln!(text, "{}", row(cause, report));
    }
    if !report.waivers.is_empty() {
        text += "\n**Waivers**\n\n";
    }
    for waiver in &report.waivers {
        let _ = writeln!(text, "- {}", markdown(&waiver.to_string()));
    }
    if !report.scenarios.is_empty() {
        text += "\n<details><summary>Scenarios</summary>\n\n| scenario | outcome |\n|---|---|\n";
        for scenario in &report.scenarios {
            let _ = writeln!(text, "{}", of_scenario(scenario, report));
        }
        text += "\n</details>\n";
    }
    text
}

fn row(cause: &Cause, report: &Report) -> String {
    let status = match cause.status {
        Status::Counted => "❌",
        Status::NotRequired => "not required",
        Status::Waived => "waived",
    };
    let places: Vec<_> = cause.places().collect();
    let names = cause.scenarios(&places, &report.findings).join(", ");
    let book = report.book.clone().unwrap_or_default();
    let page = match book.link(&cause.page) {
        Some(link) => format!("[read on](<{link}>)"),
        None => format!("Read {}.", markdown(&cause.page)),
    };
    let (what, advice) = (markdown(&cause.what), markdown(&cause.advice));
    format!(
        "| {status} | {what} | {} | {advice} {page} |",
        markdown(&names)
    )
}

fn of_scenario(scenario: &ScenarioReport, report: &Report) -> String {
    let outcome = outcome(scenario, report);
    format!("| {} | {outcome} |", markdown(&scenario.name))
}

/// Text in Markdown, on one line: nothing of it is markup.
fn markdown(text: &str) -> String {
    let mut said = String::new();
    for letter in plain(text).chars() {
        match letter {
            '<' => said += "&lt;",
            '>' => said += "&gt;",
            '&' => said += "&amp;",
            letter if letter.is_ascii_punctuation() && !".,;:'\"()/-%".contains(letter) => {
                said.extend(['\\', letter]);
            }
            letter => said.push(letter),
        }
    }
    said
}
