//! Retries that end before the certificate does.

use std::time::Duration;

/// Doubles, and takes at most half of what is left.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(left / 2)
}
