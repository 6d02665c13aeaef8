//! When an attempt was made, seen from the rotations.

use ch11_verification::rotation::{Window, begin, during};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Attempt;

/// When an attempt was made.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the first rotation.
    Before,
    /// While one was in progress: from the agent's first write until every handshake showed the new
    /// certificate.
    During,
    /// After one, with none in progress.
    After,
}

impl Phase {
    /// All phases, in the order in which they come.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];
}

/// The phase of an attempt.
pub fn phase(attempt: &Attempt, windows: &[Window]) -> Phase {
    match windows.first() {
        _ if during(attempt, windows).is_some() => Phase::During,
        Some(first) if first.end < begin(attempt) => Phase::After,
        _ => Phase::Before,
    }
}
