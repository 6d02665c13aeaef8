//! Age with jitter.

use std::time::Duration;

/// Spreads by the golden ratio, as evenly as can be, from a start that the seed chooses.
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

    /// How old this connection is when it is asked to leave.
    pub fn of(&self, connection: u64) -> Duration {
        let start = self.seed as f64 / u64::MAX as f64;
        let share = (start + connection as f64 * 0.618_033_988_749_894_9).fract();
        self.max_age.mul_f64(1.0 - self.jitter * share)
    }
}
