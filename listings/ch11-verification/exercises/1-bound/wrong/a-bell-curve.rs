//! A bound.

/// The rate, and 1.645 times its standard deviation.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    let n = attempts as f64;
    let p = failed as f64 / n;
    (p + 1.645 * (p * (1.0 - p) / n).sqrt()).min(1.0)
}
