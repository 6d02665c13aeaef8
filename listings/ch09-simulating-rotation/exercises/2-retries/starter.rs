//! Retries that end before the certificate does.
//!
//! This is the starter. It compiles, and its checks fail until `pause` is written.

use std::time::Duration;

/// How long to wait after so many failures in a row (1 or more), when `left` is left of a
/// certificate that lives for `lifetime`. After its end, `left` is zero. Before it, no pause is
/// shorter than a tenth of a second, unless it reaches the end.
pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    todo!("this is the starter: write `pause`")
}
