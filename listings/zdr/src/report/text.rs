//! The report for a terminal: at most [`WIDTH`] columns with the figures of a usual run, the same lines for the same report.

mod causes;

use crate::report::at_risk::{AtRisk, Exposure, INDEPENDENCE};
use crate::report::book::Book;
use crate::report::format;
pub use crate::report::format::WIDTH;
use crate::report::times::{Times, watched};
use crate::report::{
    ClassReport, Finding, Latency, Outcome, Phase, Report, ScenarioReport, Severity, Status,
};
use ch11_verification::judge::Share;

/// The verdict, what is wrong and what to do, and a table of each: clients, rotations, scenarios.
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    let verdict = report.standing().word().to_uppercase();
    let before = verdict.len() + 2;
    let line = format::wrapped(&report.verdict.words, WIDTH - before, &" ".repeat(before));
    put(&mut text, &format!("{verdict}  {line}"));
    if let Some(error) = report.also_interrupted() {
        let line = format!("Not everything was judged: {error}.");
        put(&mut text, &format::wrapped(&line, WIDTH, ""));
    }
    for line in causes::lines(report) {
        put(&mut text, &line);
    }
    warnings(&mut text, report);
    waivers(&mut text, report);
    clients(&mut text, report);
    at_risk(&mut text, report);
    rotations(&mut text, report);
    scenarios(&mut text, report);
    text
}

fn warnings(text: &mut String, report: &Report) {
    let warnings = report.findings.iter();
    let warnings = warnings.filter(|finding| finding.severity == Severity::Warning);
    for (place, finding) in warnings.enumerate() {
        if place == 0 {
            put(text, "\nWarnings");
        }
        put(text, &line_of(finding));
    }
}

fn waivers(text: &mut String, report: &Report) {
    if !report.waivers.is_empty() {
        put(text, "\nWaivers");
    }
    for waiver in &report.waivers {
        let line = format::wrapped(&waiver.to_string(), WIDTH - 2, "    ");
        put(text, &format!("  {line}"));
    }
}

fn put(text: &mut String, line: &str) {
    for line in line.split('\n') {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn clients(text: &mut String, report: &Report) {
    if report.classes.is_empty() {
        return;
    }
    put(text, "");
    put(
        text,
        &format!(
            "{:39}{:>16}{:>18}",
            "", "before rotations", "during rotations"
        ),
    );
    put(
        text,
        &format!(
            "{:<10}{:>9}  {:<18}{:>8}{:>8}{:>10}{:>8}{:>7}",
            "Clients", "attempts", "failed", "p50", "p99", "p50", "p99", "ratio"
        ),
    );
    for class in &report.classes {
        let latency = |phase| class.phases.get(&phase).map(|phase| &phase.latency);
        let (before, during) = (latency(Phase::Before), latency(Phase::During));
        let failed = format::failed(class.failed, class.attempts);
        let shown = |latency: Option<&Latency>, of: fn(&Latency) -> u64| {
            let some = latency.filter(|latency| !latency.counts.is_empty());
            some.map_or_else(|| "—".into(), |latency| format::micros(of(latency)))
        };
        let slower = before
            .zip(during)
            .and_then(|(a, b)| format::ratio(b.p99, a.p99));
        put(
            text,
            &format!(
                "  {:<8}{:>9}  {failed:<18}{:>8}{:>8}{:>10}{:>8}{:>7}",
                class.class.name(),
                format::count(class.attempts),
                shown(before, |l| l.p50),
                shown(before, |l| l.p99),
                shown(during, |l| l.p50),
                shown(during, |l| l.p99),
                format::times(slower)
            ),
        );
        kinds(text, class);
    }
}

/// What rotations can have hurt. Bounds stand here alone: one over all attempts is too good.
fn at_risk(text: &mut String, report: &Report) {
    let Some(all) = &report.verdict.at_risk else {
        return;
    };
    let cell = |of: Option<Exposure>| of.map_or_else(|| "—".into(), Exposure::figures);
    let row = |name: &str, of: &AtRisk| {
        let cells = [Some(of.attempts), of.connections, Some(of.rotations)].map(cell);
        [format!("  {name}")].into_iter().chain(cells).collect()
    };
    let head = ["At risk", "attempts", "kept connections", "rotations"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for class in &report.classes {
        let of = class.at_risk.as_ref();
        rows.extend(of.map(|of| row(class.class.name(), of)));
    }
    if report.classes.len() > 1 {
        rows.push(row("all", all));
    }
    put(text, "");
    let columns = rows[0].len();
    for line in format::table(&rows, columns) {
        put(text, &line);
    }
    put(
        text,
        &format!("  {}", format::wrapped(INDEPENDENCE, WIDTH - 2, "  ")),
    );
}

fn kinds(text: &mut String, class: &ClassReport) {
    for failures in &class.failures {
        let example = match failures.example.as_str() {
            "" => String::new(),
            example => format!(": {example}"),
        };
        let line = format!(
            "{} {}: {}{example}",
            format::count(failures.count),
            format::name(&failures.phase),
            failures.kind
        );
        put(
            text,
            &format!("    {}", format::wrapped(&line, WIDTH - 4, "      ")),
        );
    }
}

fn rotations(text: &mut String, report: &Report) {
    let times = Times::of(&report.rotations);
    if times.rotations == 0 {
        return;
    }
    let never = match times.never {
        0 => String::new(),
        never => format!("; {} never shown", format::count(never)),
    };
    let from_files = Times::from_files(report).map_or_else(String::new, |(since, from_files)| {
        format!(
            " {since}, or {} and {} after the first file was written",
            format::maybe_millis(from_files.first_new_median_ms),
            format::maybe_millis(from_files.first_new_worst_ms)
        )
    });
    let line = format!(
        "Rotations: {}; to the new certificate {} in the median, {} at the longest{from_files}; old and new \
         side by side for {} at the longest{never}.",
        format::count(times.rotations),
        format::maybe_millis(times.first_new_median_ms),
        format::maybe_millis(times.first_new_worst_ms),
        format::maybe_millis(times.overlap_worst_ms),
    );
    put(text, "");
    put(text, &format::wrapped(&line, WIDTH, "  "));
    for words in complained(report).into_iter().chain(watched(report)) {
        put(
            text,
            &format!("  {}", format::wrapped(&words, WIDTH - 2, "  ")),
        );
    }
}

/// What reloads it complained, and did what it should: a command that fails each time does nothing, and the server sees its
/// files without it. Where nothing new was shown, a finding has the complaint.
fn complained(report: &Report) -> Option<String> {
    let shown = report.rotations.iter();
    let shown = shown.filter(|of| of.first_new_ms.is_some());
    let mut complained = shown.filter_map(|of| Some((of.number, of.complaint.as_ref()?)));
    let (number, first) = complained.next()?;
    let (many, of) = (1 + complained.count(), report.rotations.len());
    Some(format!(
        "The new certificate was shown although what reloads the server failed in {many} of {of} rotations, first in \
         rotation {number}: {first}"
    ))
}

fn scenarios(text: &mut String, report: &Report) {
    if report.scenarios.is_empty() {
        return;
    }
    let names = report.scenarios.iter().map(|of| of.name.chars().count());
    let longest = names.max().unwrap_or(0).max("Scenarios".len() - 2);
    let first = |name: &str, outcome: &str| format!("  {name:<longest$} {outcome}");
    let head = ["failed attempts", "served", "last good", "recovered"];
    let head = head.map(String::from);
    let title = [format!("{:<width$}", "Scenarios", width = longest + 3)];
    let mut rows = vec![title.into_iter().chain(head).collect()];
    for scenario in &report.scenarios {
        let name = format::plain(&scenario.name);
        rows.push(match scenario.outcome {
            Outcome::NotApplicable => vec![first(&name, "skipped")],
            _ => {
                let name = first(&name, outcome(scenario, report));
                [name].into_iter().chain(cells(scenario)).collect()
            }
        });
    }
    put(text, "");
    for line in format::table(&rows, 4) {
        put(text, &line);
    }
}

fn cells(scenario: &ScenarioReport) -> [String; 4] {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let failed = Exposure::from(Share {
        failed: scenario.failed,
        of: scenario.attempts,
    });
    let failed = match failed.of {
        0 => "nothing attempted".into(),
        of if failed.failed >= of => format!("all {}", format::count(of)),
        _ => failed.figures(),
    };
    [
        failed,
        yes(scenario.kept_serving),
        yes(scenario.kept_last_good),
        format::maybe_millis(scenario.recovered_ms),
    ]
}

/// What came of it, and whether a failure counts.
pub(crate) fn outcome(scenario: &ScenarioReport, report: &Report) -> &'static str {
    match scenario.outcome {
        Outcome::Passed => "passed",
        Outcome::NotApplicable => "not applicable",
        Outcome::Failed if scenario.level > report.plan.require => "noted",
        Outcome::Failed if report.is_waived(scenario) => "waived",
        Outcome::Failed => "failed",
    }
}

/// A finding for a terminal.
pub(crate) fn line_of(finding: &Finding) -> String {
    let mark = match (finding.severity, finding.status) {
        (Severity::Warning, _) => "!",
        (_, Status::Counted) => "✗",
        (_, Status::NotRequired) => "· not required:",
        (_, Status::Waived) => "· waived:",
    };
    let see = Book::default().entries(&finding.catalogue);
    let see = see.map_or_else(String::new, |see| format!(" ({see})"));
    let text = format!(
        "{mark} {} in {}: {}{see}",
        format::name(&finding.code),
        finding.scenario,
        finding.words
    );
    format!("  {}", format::wrapped(&text, WIDTH - 2, "    "))
}
