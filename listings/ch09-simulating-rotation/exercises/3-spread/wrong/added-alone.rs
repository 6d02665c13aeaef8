//! A random moment for each agent.

use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// Never earlier than two thirds.
pub struct Agent(Rng);

impl Agent {
    /// Lots from the operating system.
    pub fn new(_: &str) -> Self {
        Self(Rng::new())
    }

    /// Up to a tenth later.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT + SPREAD * self.0.f64())
    }
}
