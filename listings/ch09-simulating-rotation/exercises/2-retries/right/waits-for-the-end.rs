//! Retries that end before the certificate does.

use std::time::Duration;

/// In the last seconds it waits for the end, since a renewal would not be over before it.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let grown = lifetime
        .div_f64(100.0)
        .checked_mul(2_u32.saturating_pow(failures.saturating_sub(1)))
        .unwrap_or(Duration::MAX);
    match left {
        Duration::ZERO => grown.clamp(lifetime / 50, lifetime / 10),
        left if left < Duration::from_secs(2) => left,
        left => grown.min(left / 2),
    }
}
