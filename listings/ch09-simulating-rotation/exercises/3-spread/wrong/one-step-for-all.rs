//! A random moment for each agent.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// An agent that renews one machine's leaf again and again.
pub struct Agent {
    place: f64,
}

impl Agent {
    /// The agent of the machine that has this name. No two machines share one.
    pub fn new(machine: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        machine.hash(&mut hasher);
        Self {
            place: fastrand::Rng::with_seed(hasher.finish()).f64(),
        }
    }

    /// The random number is drawn once, and moves on by the golden section at each renewal: the spread is used evenly.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        let due = lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * self.place);
        self.place = (self.place + 0.618).fract();
        due
    }
}
