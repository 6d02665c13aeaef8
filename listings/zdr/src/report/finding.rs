//! What was found, how much it counts, and what clients saw of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attempt::Phase;
use crate::attempt::{Class, Differs, FailureKind};
use crate::gate::code::Code;
use crate::report::format::millis;

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The server does not rotate with zero downtime.
    Failure,
    /// It does, at a price that should be known.
    Warning,
}

/// Whether a failure counts. A warning never does.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It counts: the server fails.
    #[default]
    Counted,
    /// The level does not require what it is about.
    NotRequired,
    /// A waiver allows it.
    Waived,
}

/// How a warning begins that would be a failure if there had been less to do.
pub(crate) const NOT_COUNTED: &str =
    "Not counted, because the server or this machine is overloaded";

/// Something that was found.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Whether it fails the server or warns of a price.
    pub severity: Severity,
    /// Whether it counts. Since format 4; before, every failure did.
    #[serde(default)]
    pub status: Status,
    /// What was found, for scripts.
    pub code: Code,
    /// The scenario in which it was found, or `rotation`.
    pub scenario: String,
    /// What it means, in a sentence, with figures.
    pub words: String,
    /// The entries of the book's failure catalogue that it may be.
    pub catalogue: Vec<u32>,
    /// What clients saw, the earliest first, one of each kind. Empty where no attempt failed. Since
    /// format 4.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// The class of the clients that it is about, where that is one and no attempt of it failed, or others did not fail.
    #[serde(default)]
    pub class: Option<Class>,
    /// In what the client that it is about differs from the ordinary one, where it does.
    #[serde(default)]
    pub differs: Option<Differs>,
}

impl Finding {
    /// Whether the server fails because of it.
    pub fn fails(&self) -> bool {
        self.severity == Severity::Failure && self.status == Status::Counted
    }

    /// Whether it would have failed the server if there had been less to do.
    pub(crate) fn is_excused(&self) -> bool {
        self.severity == Severity::Warning && self.words.starts_with(NOT_COUNTED)
    }

    /// Its place among others: what fails the server, what warns, what does not count.
    pub(crate) fn rank(&self) -> u8 {
        match (self.severity, self.status) {
            (Severity::Failure, Status::Counted) => 0,
            (Severity::Warning, _) => 1,
            (Severity::Failure, Status::NotRequired) => 2,
            (Severity::Failure, Status::Waived) => 3,
        }
    }
}

/// The first attempt that failed in one way.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The class of the client.
    pub class: Class,
    /// How the attempt failed.
    pub kind: FailureKind,
    /// The phase of the run. `None` in a scenario.
    pub phase: Option<Phase>,
    /// When it failed, in milliseconds since the clients of the run, or of the scenario, started.
    pub at_ms: Option<f64>,
    /// What the client's library said.
    pub said: String,
}

/// When, in which phase, by which client, and what that was told.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at_ms {
            write!(f, "{} after the clients started, ", millis(at))?;
        }
        f.write_str(match self.phase {
            None => "",
            Some(Phase::Before) => "before the first rotation, ",
            Some(Phase::During) => "during a rotation, ",
            Some(Phase::After) => "between rotations, ",
        })?;
        write!(f, "by a client of class {}: {}", self.class, self.kind)?;
        match self.said.as_str() {
            "" => Ok(()),
            said => write!(f, " ({said})"),
        }
    }
}
