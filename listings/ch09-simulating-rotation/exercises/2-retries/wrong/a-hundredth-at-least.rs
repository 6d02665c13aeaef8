//! Retries that end before the certificate does.

use std::time::Duration;

/// No pause is shorter than the first.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let first = lifetime / 100;
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    doubled.min(bound).max(first)
}
