//! The verdict as a badge: JSON for the endpoint badge of shields.io.
//!
//! <https://shields.io/badges/endpoint-badge>

use serde::Serialize;

use crate::gate::level::Level;
use crate::report::waiver::WaiverState;
use crate::report::{Finding, Report};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Badge {
    schema_version: u8,
    label: &'static str,
    message: String,
    color: &'static str,
    is_error: bool,
}

/// The JSON of a badge that says which level the server passed, or failed.
pub fn badge(report: &Report) -> String {
    let level = report.plan.require;
    let waivers = report.waivers.iter();
    let waived = waivers
        .filter(|waiver| waiver.state == WaiverState::Applied)
        .count();
    let failed = report.findings.iter().any(Finding::fails);
    let (message, color) = match (report.verdict.passed, waived) {
        (true, 0) if level == Level::All => (format!("{level} passed"), "brightgreen"),
        (true, 0) => (format!("{level} passed"), "green"),
        (true, many) => (format!("{level} passed, {many} waived"), "yellowgreen"),
        (false, _) if failed => (format!("{level} failed"), "red"),
        (false, _) => ("no verdict".into(), "lightgrey"),
    };
    let badge = Badge {
        schema_version: 1,
        label: "zero downtime",
        message,
        color,
        is_error: !report.verdict.passed,
    };
    // Numbers, texts and a boolean: nothing can fail.
    serde_json::to_string(&badge).unwrap_or_default() + "\n"
}
