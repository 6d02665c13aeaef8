//! Age with jitter.

use std::time::Duration;

/// All connections have the same age.
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

    /// The limit, for all alike.
    pub fn of(&self, _: u64) -> Duration {
        self.max_age
    }
}
