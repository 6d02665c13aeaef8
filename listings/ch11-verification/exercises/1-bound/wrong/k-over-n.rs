//! A bound.

/// The rate.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    match attempts {
        0 => 1.0,
        _ => failed as f64 / attempts as f64,
    }
}
