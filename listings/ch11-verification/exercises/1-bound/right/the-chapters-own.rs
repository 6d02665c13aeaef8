//! A bound.

/// The chapter's, which asks a beta distribution.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    ch11_verification::bound::upper(failed, attempts)
}
