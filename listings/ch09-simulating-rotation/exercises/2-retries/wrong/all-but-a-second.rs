//! Retries that end before the certificate does.

use std::time::Duration;

pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    const SECOND: Duration = Duration::from_secs(1);
    if left.is_zero() {
        return lifetime / 10;
    }
    let doubled = (lifetime / 100).saturating_mul(1 << (failures - 1).min(16));
    doubled.min(left.saturating_sub(SECOND)).max(SECOND)
}
