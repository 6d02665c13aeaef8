//! Retries that end before the certificate does.

use std::time::Duration;

/// No pause is shorter than a minute.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    doubled.min(bound).max(Duration::from_secs(60))
}
