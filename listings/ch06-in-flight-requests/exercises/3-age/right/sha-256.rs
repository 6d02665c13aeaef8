//! Age with jitter.

use std::time::Duration;

/// By when each connection of one server is asked to leave.
pub struct Ages {
    max_age: Duration,
    jitter: f64,
    seed: u64,
}

impl Ages {
    pub fn new(max_age: Duration, jitter: f64, seed: u64) -> Self {
        Self {
            max_age,
            jitter,
            seed,
        }
    }

    pub fn of(&self, connection: u64) -> Duration {
        let name = format!("{} {connection}", self.seed);
        let hash = lab::chain::sha256(name.as_bytes());
        let first = u32::from_str_radix(&hash[..8], 16).unwrap_or_default();
        let share = f64::from(first) / f64::from(u32::MAX);
        Duration::from_secs_f64(self.max_age.as_secs_f64() * (1.0 - self.jitter * share))
    }
}
