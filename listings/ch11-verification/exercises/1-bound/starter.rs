//! A bound.
//!
//! This is the starter. It compiles, and its checks fail until `upper` is written.

/// With 95 % confidence, not more than this share of attempts fails, where `failed` of `attempts` did: the highest rate at
/// which no more than `failed` failures are seen in 5 of 100 runs. Always above 0, and 1 at most.
pub fn upper(failed: u64, attempts: u64) -> f64 {
    todo!("this is the starter: write `upper`")
}
