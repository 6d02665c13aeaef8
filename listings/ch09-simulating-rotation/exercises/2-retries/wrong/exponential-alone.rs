//! Retries that end before the certificate does.

use std::time::Duration;

/// Exponential back-off, as for any service.
pub fn pause(failures: u32, lifetime: Duration, _: Duration) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(lifetime / 4)
}
