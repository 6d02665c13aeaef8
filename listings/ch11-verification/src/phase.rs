//! Which attempts a rotation can have hurt.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Class};
use crate::rotation::Window;

/// When an attempt was made.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the first rotation.
    Before,
    /// While one was under way: from the first write of the agent until the new certificate was
    /// shown by every handshake.
    During,
    /// After one, with none under way.
    After,
}

impl Phase {
    /// In order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];
}

/// The phase of an attempt. It is of a rotation if any moment of it was.
pub fn phase(record: &Attempt, windows: &[Window]) -> Phase {
    // A download is as long as many rotations. What counts is when it was cut.
    let from = match record.class == Class::Download || !(record.paced || record.opened) {
        true => record.done,
        false => record.due,
    };
    // Sorted by time: the first that has not ended before the attempt began.
    let next = windows.partition_point(|window| window.end < from);
    match windows.get(next) {
        Some(window) if window.began <= record.done => Phase::During,
        _ if next == 0 => Phase::Before,
        _ => Phase::After,
    }
}

/// Whether the last handshake before the next rotation was shown what had been replaced, though
/// others had been shown the new one.
pub fn went_back(records: &[Attempt], window: &Window, next: Option<&Window>) -> bool {
    let until = next.map_or(Duration::MAX, |next| next.began);
    let stretch = records.iter().filter(|record| {
        record.opened
            && !record.resumed
            && record.failed.is_none()
            && record.shown.is_some()
            && record.began >= window.began
            && record.done <= until
    });
    let last = stretch.max_by_key(|record| record.began);
    window.first_new.is_some()
        && last
            .and_then(|last| last.shown)
            .is_some_and(|shown| shown < window.generation)
}
