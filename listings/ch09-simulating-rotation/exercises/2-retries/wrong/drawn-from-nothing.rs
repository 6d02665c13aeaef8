//! Retries that end before the certificate does.

use std::time::Duration;

/// How long to wait after so many failures in a row (1 or more), when `left` is left of a
/// certificate that lives for `lifetime`. After its end, `left` is zero.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    // Of what is left it takes half at most, so there is always another try before the end.
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    // A fleet that failed together does not come back together.
    doubled
        .min(bound)
        .mul_f64(fastrand::f64())
        .max(Duration::from_millis(100))
}
