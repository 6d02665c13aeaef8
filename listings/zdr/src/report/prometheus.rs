//! The report in Prometheus's text format, for a textfile collector or a push gateway.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4 of the text format.

use std::fmt::Write;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::report::format::name;
use crate::report::times::Times;
use crate::report::{Finding, Outcome, Report, Severity};

/// The report as gauges, each with the name of the server.
pub fn prometheus(report: &Report) -> String {
    let mut metrics = Metrics {
        server: &report.server.name,
        text: String::new(),
    };
    run(&mut metrics, report);
    clients(&mut metrics, report);
    rotations(&mut metrics, report);
    scenarios(&mut metrics, report);
    metrics.text
}

struct Metrics<'a> {
    server: &'a str,
    text: String,
}

/// The labels of a sample, and its value.
type Sample<'a> = (Vec<(&'a str, String)>, f64);

impl Metrics<'_> {
    /// A gauge with all its samples. All lines of a metric stand together.
    fn gauge(
        &mut self,
        metric: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'static>>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "# HELP {metric} {help}\n# TYPE {metric} gauge");
        for (labels, value) in samples {
            let labels: String = labels
                .iter()
                .map(|(label, value)| format!(",{label}=\"{}\"", escaped(value)))
                .collect();
            let server = escaped(self.server);
            let _ = writeln!(self.text, "{metric}{{server=\"{server}\"{labels}}} {value}");
        }
    }
}

/// The value of a label: what the format has a meaning for is escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn run(metrics: &mut Metrics<'_>, report: &Report) {
    let number = |yes: bool| f64::from(u8::from(yes));
    let level = ("level", report.plan.require.to_string());
    metrics.gauge(
        "zdr_check_passed",
        "Whether the server passed the level, waivers applied: 1 or 0.",
        [(vec![level], number(report.verdict.passed))],
    );
    metrics.gauge(
        "zdr_check_interrupted",
        "Whether the run was interrupted: 1 or 0.",
        [(vec![], number(report.interrupted.is_some()))],
    );
    let began = OffsetDateTime::parse(&report.began, &Rfc3339).ok();
    metrics.gauge(
        "zdr_check_start_timestamp_seconds",
        "When the run began, in seconds since 1970.",
        began.map(|began| (vec![], began.unix_timestamp() as f64)),
    );
    metrics.gauge(
        "zdr_check_duration_seconds",
        "How long clients came while files rotated. The scenarios, which come after that, are not in it.",
        [(vec![], report.seconds)],
    );
    let mut statuses: Vec<(Severity, String, u64)> = Vec::new();
    for Finding {
        severity, status, ..
    } in &report.findings
    {
        let status = name(status);
        match statuses
            .iter_mut()
            .find(|of| (of.0, &of.1) == (*severity, &status))
        {
            Some((.., count)) => *count += 1,
            None => statuses.push((*severity, status, 1)),
        }
    }
    metrics.gauge(
        "zdr_findings",
        "Findings by severity, and by whether they count.",
        statuses.into_iter().map(|(severity, status, count)| {
            (
                vec![("severity", name(&severity)), ("status", status)],
                count as f64,
            )
        }),
    );
    metrics.gauge(
        "zdr_waiver_end_timestamp_seconds",
        "The end of a waiver's last day, in seconds since 1970.",
        report.waivers.iter().map(|waiver| {
            let labels = vec![
                ("scenario", waiver.scenario.clone()),
                ("state", name(&waiver.state)),
            ];
            (labels, waiver.until.end() as f64)
        }),
    );
}

fn clients(metrics: &mut Metrics<'_>, report: &Report) {
    let each = |of: fn(&crate::report::ClassReport) -> Option<f64>| {
        let classes = report.classes.iter();
        let classes = classes.filter_map(move |class| {
            Some((vec![("class", class.class.name().to_owned())], of(class)?))
        });
        classes.collect::<Vec<_>>()
    };
    metrics.gauge(
        "zdr_attempts",
        "Attempts of each class of clients.",
        each(|class| Some(class.attempts as f64)),
    );
    metrics.gauge(
        "zdr_attempts_failed",
        "Attempts that failed, of each class of clients.",
        each(|class| Some(class.failed as f64)),
    );
    metrics.gauge(
        "zdr_attempts_at_risk",
        "Attempts that met a rotation, once for each rotation that they met.",
        each(|class| Some(class.at_risk.as_ref()?.attempts.of as f64)),
    );
    metrics.gauge(
        "zdr_attempts_at_risk_failed",
        "Attempts that met a rotation and failed, once for each rotation that they met.",
        each(|class| Some(class.at_risk.as_ref()?.attempts.failed as f64)),
    );
    metrics.gauge(
        "zdr_attempts_at_risk_failed_below_ratio",
        "Upper bound of the share of attempts at risk that fail, with 95 % confidence.",
        each(|class| Some(class.at_risk.as_ref()?.attempts.failed_below)),
    );
}

fn rotations(metrics: &mut Metrics<'_>, report: &Report) {
    let times = Times::of(&report.rotations);
    let seconds = |ms: Option<f64>| ms.map(|ms| (vec![], ms / 1e3));
    metrics.gauge(
        "zdr_rotations",
        "Rotations under load.",
        [(vec![], times.rotations as f64)],
    );
    metrics.gauge(
        "zdr_rotations_never_shown",
        "Rotations whose certificate no handshake showed in time.",
        [(vec![], times.never as f64)],
    );
    metrics.gauge(
        "zdr_rotation_first_new_seconds_median",
        "Time from files and notification to the first handshake with the new certificate: the median.",
        seconds(times.first_new_median_ms),
    );
    metrics.gauge(
        "zdr_rotation_first_new_seconds_max",
        "Time from files and notification to the first handshake with the new certificate: the longest.",
        seconds(times.first_new_worst_ms),
    );
    metrics.gauge(
        "zdr_rotation_overlap_seconds_max",
        "The longest time for which old and new certificates were shown side by side.",
        seconds(times.overlap_worst_ms),
    );
}

fn scenarios(metrics: &mut Metrics<'_>, report: &Report) {
    let run = report.scenarios.iter();
    let run = run.filter(|scenario| scenario.outcome != Outcome::NotApplicable);
    let left_out = report.plan.scenarios_left_out.len() as f64;
    metrics.gauge(
        "zdr_scenarios_not_run",
        "Scenarios that the level requires, and that were not run.",
        [(vec![], left_out)],
    );
    let samples = run.map(|scenario| {
        let labels = vec![
            ("scenario", scenario.name.clone()),
            ("level", scenario.level.to_string()),
        ];
        (
            labels,
            f64::from(u8::from(scenario.outcome == Outcome::Passed)),
        )
    });
    metrics.gauge(
        "zdr_scenario_passed",
        "Whether the server passed a scenario, whatever the level requires: 1 or 0.",
        samples.collect::<Vec<_>>(),
    );
}
