//! Whether what is served is valid for long enough.

use std::time::Duration;

use time::OffsetDateTime;

use super::verdict::Verdict;
use crate::state::LogState;

pub(super) fn long_enough(state: &LogState, wanted: Duration, now: OffsetDateTime) -> Verdict {
    let mut serving = state
        .alive
        .values()
        .filter_map(|server| server.serving.as_ref());
    let Some(first) = serving.next() else {
        return Verdict::NotYet("no generation was loaded".into());
    };
    // Of several servers, the one that ends first.
    let first = serving.fold(first, |a, b| if b.until < a.until { b } else { a });
    let (generation, serial) = (first.generation, &first.serial);
    let Some(until) = first.until else {
        return Verdict::Untold(format!(
            "generation {generation} ({serial}) does not say until when"
        ));
    };
    let left = until - now;
    if left >= wanted {
        return Verdict::Holds;
    }
    Verdict::NotYet(format!(
        "generation {generation} ({serial}) is valid for {} s from now, and {} s are wanted",
        left.whole_seconds(),
        wanted.as_secs()
    ))
}
