//! From findings and figures to a verdict.

use crate::judge::findings::{ROTATION, share};
use crate::report::coverage::remark;
use crate::report::{Finding, Outcome, Report, Severity, Verdict};

/// The verdict, in one sentence.
pub fn verdict(report: &Report) -> Verdict {
    let failures: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Failure)
        .collect();
    let warnings = match report.findings.len() - failures.len() {
        0 => String::new(),
        1 => " There is 1 warning.".into(),
        many => format!(" There are {many} warnings."),
    };
    let not_covered = report.not_covered();
    Verdict {
        passed: failures.is_empty() && report.interrupted.is_none(),
        words: sentence(report, &failures) + &warnings + &remark(&not_covered),
        not_covered,
        at_risk: report.all_at_risk(),
    }
}

fn sentence(report: &Report, failures: &[&Finding]) -> String {
    let name = &report.server.name;
    let failed = report.failures_in_words();
    let counted = match report.rotations.len() {
        1 => "1 rotation".to_owned(),
        many => format!("{many} rotations"),
    };
    let (tried, failed_at) = scenarios(report);
    let scenarios = match tried {
        0 => String::new(),
        many => format!(", and {many} things were done to it on purpose"),
    };
    let mut under_load = failures
        .iter()
        .filter(|failure| failure.scenario == ROTATION);
    match (&report.interrupted, under_load.next()) {
        (_, Some(worst)) => {
            let more = match failures.len() {
                1 => String::new(),
                2 => " And 1 more failure.".into(),
                many => format!(" And {} more failures.", many - 1),
            };
            let words = &worst.words;
            format!("{name} does not rotate with zero downtime. {words}{more}")
        }
        // What was done to it is another matter than what happens every day.
        (None, None) if !failures.is_empty() => format!(
            "{name} rotates with zero downtime while all is well: {counted}. {failed} \
             But of {tried} things done to it on purpose it does not stand {}: {}.",
            failed_at.len(),
            failed_at.join(", ")
        ),
        (Some(error), None) => {
            format!("No verdict on {name}: {error}. Until then, there were {counted}. {failed}")
        }
        (None, None) if report.rotations.is_empty() => {
            let attempts = report.classes.iter().map(|class| class.attempts).sum();
            let failed = report.classes.iter().map(|class| class.failed).sum();
            let share = share(failed, attempts);
            format!("{name} serves: {share} attempts failed{scenarios}. Nothing was rotated.")
        }
        (None, None) => {
            format!("{name} rotates with zero downtime: {counted}{scenarios}. {failed}")
        }
    }
}

/// How many scenarios were run, and the names of those that failed.
fn scenarios(report: &Report) -> (usize, Vec<&str>) {
    let run = report.scenarios.iter();
    let run = run.filter(|scenario| scenario.outcome != Outcome::NotApplicable);
    let failed = run
        .clone()
        .filter(|scenario| scenario.outcome == Outcome::Failed);
    (run.count(), failed.map(|of| of.name.as_str()).collect())
}
