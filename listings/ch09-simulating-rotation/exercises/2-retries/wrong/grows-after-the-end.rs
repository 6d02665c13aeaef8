//! Retries that end before the certificate does.

use std::time::Duration;
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let grown = (lifetime / 100).saturating_mul(failures);
    if left.is_zero() {
        return grown.min(lifetime).max(Duration::from_secs(1));
    }
    grown.min(left / 2).max(Duration::from_secs(1))
}
