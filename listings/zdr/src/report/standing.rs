//! What stands at the head of each report, whatever its form.

use crate::report::{Finding, Report};

/// How a run came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No failure counts.
    Passed,
    /// One does, be the run over or not.
    Failed,
    /// The run ended before its time, and until then nothing had failed: there is no verdict.
    Undecided,
}

impl Standing {
    /// In one or two words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Undecided => "No verdict",
        }
    }
}

impl Report {
    /// How the run came out. All that shows a report asks this.
    pub fn standing(&self) -> Standing {
        let mut findings = self.findings.iter();
        match self.verdict.passed {
            true => Standing::Passed,
            // Whatever ended it, what was found until then is a verdict.
            false if findings.any(Finding::fails) => Standing::Failed,
            false => Standing::Undecided,
        }
    }

    /// Why there is less in it than was asked for, where the verdict does not say so itself.
    pub(crate) fn also_interrupted(&self) -> Option<&str> {
        let why = self.interrupted.as_deref();
        why.filter(|why| !self.verdict.words.contains(*why))
    }
}
