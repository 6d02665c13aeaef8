//! Age with jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Draws whenever it is asked.
pub struct Ages {
    max_age: Duration,
    jitter: f64,
    seed: u64,
}

impl Ages {
    /// Each server draws a `seed` of its own when it starts.
    pub fn new(max_age: Duration, jitter: f64, seed: u64) -> Self {
        Self {
            max_age,
            jitter,
            seed,
        }
    }

    /// Another answer each time.
    pub fn of(&self, connection: u64) -> Duration {
        let drawn = RandomState::new().hash_one(connection);
        let share = drawn as f64 / u64::MAX as f64;
        self.max_age.mul_f64(1.0 - self.jitter * share)
    }
}
