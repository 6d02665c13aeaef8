//! Retries that end before the certificate does.

use std::time::Duration;

/// Pauses grow by the same piece instead of doubling.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let grown = (lifetime / 200).saturating_mul(failures);
    let bound = if left.is_zero() {
        lifetime / 20
    } else {
        left / 3
    };
    grown.min(bound).max(Duration::from_secs(1))
}
