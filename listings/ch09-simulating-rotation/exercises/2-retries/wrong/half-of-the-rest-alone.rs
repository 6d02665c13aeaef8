//! Retries that end before the certificate does.

use std::time::Duration;

/// Always half of what is left.
pub fn pause(_: u32, lifetime: Duration, left: Duration) -> Duration {
    (left / 2).max(lifetime / 1000)
}
