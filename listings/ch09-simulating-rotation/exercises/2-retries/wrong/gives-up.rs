//! Retries that end before the certificate does.

use std::time::Duration;

/// What has expired cannot be renewed in time any more.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    if left.is_zero() {
        return Duration::MAX;
    }
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(left / 2).max(Duration::from_secs(1))
}
