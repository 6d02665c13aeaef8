//! The verdict as a badge: JSON for the endpoint badge of shields.io.
//!
//! <https://shields.io/badges/endpoint-badge>

use serde::Serialize;

use crate::gate::level::Level;
use crate::report::Report;
use crate::report::format::counted;
use crate::report::standing::Standing;
use crate::report::waiver::WaiverState;

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
    let standing = report.standing();
    let left_out = report.plan.scenarios_left_out.len() as u64;
    let (message, color) = match (standing, waived) {
        // Nobody who sees it sees the report: what was not tried has not passed.
        (Standing::Passed, _) if report.rotations.is_empty() => {
            (format!("{level} passed, nothing rotated"), "yellowgreen")
        }
        (Standing::Passed, _) if left_out > 0 => {
            let not_run = counted(left_out, "scenario");
            (format!("{level} passed, {not_run} not run"), "yellowgreen")
        }
        (Standing::Passed, 0) if level == Level::All => (format!("{level} passed"), "brightgreen"),
        (Standing::Passed, 0) => (format!("{level} passed"), "green"),
        (Standing::Passed, many) => (format!("{level} passed, {many} waived"), "yellowgreen"),
        (Standing::Failed, _) => (format!("{level} failed"), "red"),
        (Standing::Undecided, _) => (standing.word().to_lowercase(), "lightgrey"),
    };
    let badge = Badge {
        schema_version: 1,
        label: "zero downtime",
        message,
        color,
        is_error: standing != Standing::Passed,
    };
    // Numbers, texts and a boolean: nothing can fail.
    serde_json::to_string(&badge).unwrap_or_default() + "\n"
}
