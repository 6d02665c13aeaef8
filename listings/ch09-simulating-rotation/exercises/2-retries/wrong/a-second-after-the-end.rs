//! Retries that end before the certificate does.

use std::time::Duration;

/// Bounded from both sides, and half of nothing is the shortest.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled
        .min(left / 2)
        .clamp(Duration::from_secs(1), Duration::from_secs(24 * 3600))
}
