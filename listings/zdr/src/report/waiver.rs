//! A waiver in a report: what it allows, and what became of it in this run.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::code::Code;
use crate::gate::day::Day;
use crate::gate::waiver::Waiver;

/// A waiver, and what became of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverReport {
    /// The scenario, or `rotation`.
    pub scenario: String,
    /// The findings that it allows there.
    pub findings: Vec<Code>,
    /// Why the team lives with them.
    pub because: String,
    /// The last day on which it applies, UTC.
    #[schemars(with = "String")]
    pub until: Day,
    /// What became of it.
    pub state: WaiverState,
}

/// What became of a waiver.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaiverState {
    /// It allowed what was found.
    Applied,
    /// The scenario was run, and nothing that it names was found.
    Unneeded,
    /// The scenario was not run.
    Untested,
    /// Its last day is past: it allows nothing.
    Over,
}

impl WaiverState {
    /// In words, for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            // The scenario may have failed by something else.
            Self::Unneeded => "nothing of it was found",
            Self::Untested => "not tested",
            Self::Over => "over",
        }
    }
}

impl From<&Waiver> for WaiverReport {
    fn from(waiver: &Waiver) -> Self {
        let Waiver {
            scenario,
            findings,
            because,
            until,
        } = waiver.clone();
        Self {
            scenario,
            findings,
            because,
            until,
            state: WaiverState::Untested,
        }
    }
}

impl WaiverReport {
    /// The findings that it allows, by their names.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.findings.iter().map(|code| code.name()).collect();
        names.join(", ")
    }
}

/// "expired (unfit_shown), until 2027-03-01: applied. Because the proxy is replaced in spring".
impl fmt::Display for WaiverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (names, state) = (self.names(), self.state.words());
        write!(
            f,
            "{} ({names}), until {}: {state}. Because: {}",
            self.scenario, self.until, self.because
        )
    }
}
