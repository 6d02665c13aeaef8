//! Age with jitter.

use std::time::Duration;

/// By when each connection of one server is asked to leave.
pub struct Ages {
    max_age: Duration,
    jitter: f64,
    seed: u64,
}

impl Ages {
    /// No connection is older than `max_age` when it is asked. The share `jitter` of that, from 0 to 1, is the time over
    /// which those that were opened together are asked. Each server draws a `seed` of its own when it starts.
    pub fn new(max_age: Duration, jitter: f64, seed: u64) -> Self {
        Self {
            max_age,
            jitter,
            seed,
        }
    }

    /// How old this connection is when it is asked to leave. A server asks at each tick of a clock, so one connection has
    /// the same answer each time. Connections are numbered from 1 on each server.
    pub fn of(&self, connection: u64) -> Duration {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hash = DefaultHasher::new();
        (self.seed, connection).hash(&mut hash);
        let part = hash.finish() as f64 / u64::MAX as f64;
        Duration::from_secs(3600).mul_f64(1.0 - self.jitter * part)
    }
}
