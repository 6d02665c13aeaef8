use std::time::Duration;

pub fn pause(failures: u32, lifetime: Duration, left: Duration) -> Duration {
    let doubled = (lifetime / 100).saturating_mul(1 << failures.saturating_sub(1).min(16));
    if left.is_zero() {
        return doubled.min(lifetime / 10);
    }
    doubled.min(left / 2).max(Duration::from_nanos(1))
}
