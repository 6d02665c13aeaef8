//! Which attempts a rotation can have hurt.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::rotation::Window;

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

// ANCHOR: phase
/// The rotation that can have hurt an attempt: one that was in progress at any moment of it. What is
/// long, such as a download, meets many rotations; what counts is when it ended.
pub fn during<'a>(attempt: &Attempt, windows: &'a [Window]) -> Option<&'a Window> {
    // Sorted by time: the first that has not ended before the attempt began.
    let next = windows.partition_point(|window| window.end < begin(attempt));
    windows
        .get(next)
        .filter(|window| window.began <= attempt.done)
}

/// The phase of an attempt.
pub fn phase(attempt: &Attempt, windows: &[Window]) -> Phase {
    match windows.first() {
        _ if during(attempt, windows).is_some() => Phase::During,
        Some(first) if first.end < begin(attempt) => Phase::After,
        _ => Phase::Before,
    }
}

/// How many rotations an attempt met, and could have failed in. A request meets one at most as a rule;
/// a download that lasts for the whole run meets all of them.
pub fn rotations_met(attempt: &Attempt, windows: &[Window]) -> u64 {
    let first = windows.partition_point(|window| window.end < attempt.due);
    windows[first..].partition_point(|window| window.began <= attempt.done) as u64
}
// ANCHOR_END: phase

fn begin(attempt: &Attempt) -> Duration {
    let is_long = attempt.class.is_long() || !(attempt.paced || attempt.opened);
    if is_long { attempt.done } else { attempt.due }
}

/// Whether the last handshake before the next rotation was shown what had been replaced, though
/// others had been shown the new one.
pub fn went_back(attempts: &[Attempt], window: &Window, next: Option<&Window>) -> bool {
    let until = next.map_or(Duration::MAX, |next| next.began);
    let full = attempts
        .iter()
        .filter(|attempt| attempt.opened && !attempt.resumed && attempt.failed.is_none());
    let stretch = full.filter(|attempt| attempt.began >= window.began && attempt.done <= until);
    let shown = stretch.filter_map(|attempt| Some((attempt.began, attempt.shown?)));
    let last = shown.max_by_key(|(began, _)| *began);
    window.first_new.is_some() && last.is_some_and(|(_, shown)| shown < window.generation)
}
