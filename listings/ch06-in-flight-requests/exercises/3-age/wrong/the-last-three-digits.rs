//! Age with jitter.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

/// By when each connection of one server is asked to leave.
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
        // Shorter, and never longer: operators rely on the limit.
        let left = 1.0 - self.jitter * self.share(connection % 1000);
        self.max_age.mul_f64(left)
    }

    /// A part of a whole, from 0 to 1, for each connection another.
    fn share(&self, connection: u64) -> f64 {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        hasher.hash_one((self.seed, connection)) as f64 / u64::MAX as f64
    }
}
