//! A random moment for each agent.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// An agent that renews one machine's leaf again and again.
pub struct Agent {
    machine: String,
    renewal: u64,
}

impl Agent {
    /// The agent of the machine that has this name. No two machines share one.
    pub fn new(machine: &str) -> Self {
        Self {
            machine: machine.into(),
            renewal: 0,
        }
    }

    /// Without a generator: the name and the number of the renewal make the lot.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        let mut hasher = DefaultHasher::new();
        (&self.machine, self.renewal).hash(&mut hasher);
        self.renewal += 1;
        let lot = hasher.finish() as f64 / u64::MAX as f64;
        lifetime.mul_f64(AT + SPREAD * (lot - 0.5))
    }
}
