//! A random moment for each agent.

use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// Draws lots that can be repeated.
pub struct Agent(Rng);

impl Agent {
    /// A seed for tests, which went into production.
    pub fn new(_: &str) -> Self {
        Self(Rng::with_seed(42))
    }

    /// By lot.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * self.0.f64())
    }
}
