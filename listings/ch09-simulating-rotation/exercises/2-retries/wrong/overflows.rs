//! Retries that end before the certificate does.

use std::time::Duration;

/// Two to the power of all failures.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = lifetime / 100 * 2_u32.pow(failures - 1);
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    doubled.min(bound).max(Duration::from_secs(1))
}
