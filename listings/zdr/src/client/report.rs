//! What came of the steps.

use std::fmt::Write;

use serde::Serialize;

use crate::client::options::ClientOptions;
use crate::client::outcome::StepReport;
use crate::report::format::wrapped;
use crate::report::text::WIDTH;
use crate::report::{Outcome, Severity};
use crate::server::from_command::name_of;

/// The version of this format. A change of meaning raises it, and a new field.
pub const FORMAT: u32 = 1;

/// Everything about one run of `zdr check-client`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClientReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The client's command, before its words were replaced.
    pub command: Vec<String>,
    /// Whether no step failed. `None`: no step was judged, or the run was interrupted and none had failed until then.
    pub passed: Option<bool>,
    /// Each step.
    pub steps: Vec<StepReport>,
    /// Why the run ended before its time.
    pub interrupted: Option<String>,
}

impl ClientReport {
    /// Of these steps.
    pub fn of(
        options: &ClientOptions,
        steps: Vec<StepReport>,
        interrupted: Option<String>,
    ) -> Self {
        let fails = |step: &StepReport| {
            step.outcome == Outcome::Failed && step.step.severity() == Severity::Failure
        };
        let failed = steps.iter().any(fails);
        let judged = |step: &StepReport| step.outcome != Outcome::NotApplicable;
        let judged = steps.iter().any(judged);
        Self {
            format: FORMAT,
            command: options.command.clone(),
            passed: match (failed, &interrupted) {
                (true, _) => Some(false),
                (false, None) if judged => Some(true),
                (false, _) => None,
            },
            steps,
            interrupted,
        }
    }

    /// For a terminal.
    pub fn summary(&self) -> String {
        let count = |outcome, severity| {
            let of =
                |step: &&StepReport| step.outcome == outcome && step.step.severity() == severity;
            self.steps.iter().filter(of).count()
        };
        let passed =
            count(Outcome::Passed, Severity::Failure) + count(Outcome::Passed, Severity::Warning);
        let failed = count(Outcome::Failed, Severity::Failure);
        let warned = count(Outcome::Failed, Severity::Warning);
        let tried = passed + failed + warned;
        let warnings = match warned {
            0 => String::new(),
            1 => " There is a warning.".to_owned(),
            several => format!(" There are {several} warnings."),
        };
        let program = name_of(&self.command);
        let mut text = match self.passed {
            Some(true) => format!(
                "PASSED  {program} uses its new files: {passed} of {tried} steps passed.{warnings}"
            ),
            Some(false) => format!("FAILED  {program} failed {failed} of {tried} steps.{warnings}"),
            None if self.interrupted.is_some() => {
                format!("NO VERDICT  {program}: the run was interrupted.")
            }
            None => format!("NO VERDICT  {program}: no step could be judged."),
        };
        text.push('\n');
        for step in &self.steps {
            let mark = match (step.outcome, step.step.severity()) {
                (Outcome::Passed, _) => "✓",
                (Outcome::NotApplicable, _) => "–",
                (Outcome::Failed, Severity::Failure) => "✗",
                (Outcome::Failed, Severity::Warning) => "!",
            };
            let indent = format!("\n{:20}", "");
            let words = wrapped(&step.words, WIDTH - 20, "").replace('\n', &indent);
            let _ = writeln!(text, "  {mark} {:<15} {words}", step.step.name());
        }
        text
    }
}
