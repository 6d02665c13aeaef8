//! Retries that end before the certificate does.

use std::time::Duration;

/// A hundredth of the lifetime after each failure, and half of what is left near the end.
pub fn pause(_: u32, lifetime: Duration, left: Duration) -> Duration {
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    (lifetime / 100).min(bound).max(Duration::from_secs(1))
}
