//! Retries that end before the certificate does.

use std::time::Duration;

/// A shorter pause would hammer the authority, also when the end is near.
const SHORTEST: Duration = Duration::from_secs(1);

/// How long to wait after so many failures in a row (1 or more), when `left` is left of a
/// certificate that lives for `lifetime`. After its end, `left` is zero.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = (lifetime.as_nanos() as i64 / 100) << failures.saturating_sub(1).min(16);
    let doubled = Duration::from_nanos(doubled.max(0) as u64);
    // Of what is left it takes half at most, so there is always another try before the end.
    let bound = if left.is_zero() {
        lifetime / 10
    } else {
        left / 2
    };
    doubled.min(bound).max(SHORTEST)
}
