//! A bound.

/// The rule of three, on top of what failed.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    if failed >= attempts {
        return 1.0;
    }
    let three = -(0.05_f64.ln());
    ((failed as f64 + three) / attempts as f64).min(1.0)
}
