//! A random moment for each agent.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// How many agents there were.
static AGENTS: AtomicU64 = AtomicU64::new(0);

/// Draws from a generator of its own.
pub struct Agent(Rng);

impl Agent {
    /// Its number is the seed.
    pub fn new(_: &str) -> Self {
        let number = AGENTS.fetch_add(1, Relaxed);
        Self(Rng::with_seed(number))
    }

    /// By lot.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * self.0.f64())
    }
}
