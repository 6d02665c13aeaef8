//! A random moment for each agent.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// An agent that renews one machine's leaf again and again.
pub struct Agent(Rng);

impl Agent {
    /// The agent of the machine that has this name. No two machines share one.
    pub fn new(machine: &str) -> Self {
        // The image and the second of the start are those of the whole fleet; the name is not.
        let mut hash = DefaultHasher::new();
        machine.hash(&mut hash);
        Self(Rng::with_seed(hash.finish()))
    }

    /// How long after its issue the next leaf, of this lifetime, is renewed. Asked once for
    /// each leaf.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        // A new lot each time: two agents that met once do not meet forever.
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * f64::from(self.0.u32(0..100)) / 100.0)
    }
}
