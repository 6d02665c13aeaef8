//! What a verdict on rotations says of failures.

use crate::report::Report;
use crate::report::at_risk::{AtRisk, none_or};
use crate::report::format::counted;

impl Report {
    /// What was at risk of all classes. `None` in a report of an earlier format, and where nothing was
    /// measured.
    pub(crate) fn all_at_risk(&self) -> Option<AtRisk> {
        AtRisk::together(self.classes.iter().map(|class| class.at_risk.as_ref()))
    }

    /// For a verdict on rotations: how much failed of what was at risk, and of all.
    pub(crate) fn failures_in_words(&self) -> String {
        let attempts = self.classes.iter().map(|class| class.attempts).sum();
        let failed = self.classes.iter().map(|class| class.failed).sum();
        let all = format!(
            "of {} in all {}",
            counted(attempts, "attempt"),
            none_or(failed)
        );
        let said = match self.all_at_risk() {
            Some(at_risk) => format!("{}; {all}", at_risk.words()),
            None => format!("{all} failed; how many of them were at risk is not known"),
        };
        let mut letters = said.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>() + "."
    }
}
