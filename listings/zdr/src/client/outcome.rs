//! What came of a step, in words.

use std::time::Duration;

use serde::Serialize;

use crate::client::options::Step;
use crate::report::Outcome;

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// What came of it.
    pub outcome: Outcome,
    /// In a sentence.
    pub words: String,
    /// From the new files to the client that goes by them, in milliseconds.
    pub after_ms: Option<u64>,
    /// The entries of the book's failure catalogue that it may be.
    pub catalogue: Vec<u32>,
}

impl Step {
    fn report(self, outcome: Outcome, words: String, after: Option<Duration>) -> StepReport {
        StepReport {
            step: self,
            outcome,
            words,
            after_ms: after.map(|after| after.as_millis() as u64),
            catalogue: match outcome {
                Outcome::Failed => self.catalogue().to_vec(),
                _ => Vec::new(),
            },
        }
    }

    /// It passed, so long after the new files.
    pub(super) fn passed(self, after: Option<Duration>, words: impl Into<String>) -> StepReport {
        self.report(Outcome::Passed, words.into(), after)
    }

    /// It failed.
    pub(super) fn failed(self, words: impl Into<String>) -> StepReport {
        self.report(Outcome::Failed, words.into(), None)
    }

    /// It was not judged, for this reason.
    pub(super) fn left_out(self, words: &str) -> StepReport {
        self.report(Outcome::NotApplicable, words.into(), None)
    }
}
