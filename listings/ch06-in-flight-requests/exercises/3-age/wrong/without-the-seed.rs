//! Age with jitter.

use std::time::Duration;

/// Spreads by the number of the connection, which is evenly, and the same on each server.
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

    /// Multiples of the golden ratio.
    pub fn of(&self, connection: u64) -> Duration {
        let share = (connection as f64 * 0.618_033_988_749_894_9).fract();
        self.max_age.mul_f64(1.0 - self.jitter * share)
    }
}
