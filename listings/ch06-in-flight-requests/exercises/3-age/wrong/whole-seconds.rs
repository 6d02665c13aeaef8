//! Age with jitter.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

/// The age is a whole number of seconds, as `serve` takes it.
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

    /// Rounded down.
    pub fn of(&self, connection: u64) -> Duration {
        let left = 1.0 - self.jitter * self.share(connection);
        Duration::from_secs(self.max_age.mul_f64(left).as_secs())
    }

    /// A part of a whole, from 0 to 1, for each connection another.
    fn share(&self, connection: u64) -> f64 {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        hasher.hash_one((self.seed, connection)) as f64 / u64::MAX as f64
    }
}
