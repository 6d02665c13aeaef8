//! A random moment for each agent.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// An agent that renews one machine's leaf again and again.
pub struct Agent {
    lot: fastrand::Rng,
}

impl Agent {
    /// The agent of the machine that has this name. No two machines share one.
    pub fn new(machine: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        machine.hash(&mut hasher);
        Self {
            lot: fastrand::Rng::with_seed(hasher.finish()),
        }
    }

    /// In whole minutes, as a timer fires.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        let due = lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * self.lot.f64());
        let minutes = (due.as_secs_f64() / 60.0).round();
        Duration::from_secs_f64(minutes * 60.0)
    }
}
