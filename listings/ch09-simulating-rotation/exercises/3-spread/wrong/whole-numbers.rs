//! A random moment for each agent.

use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// Draws hundredths.
pub struct Agent(Rng);

impl Agent {
    /// Lots from the operating system.
    pub fn new(_: &str) -> Self {
        Self(Rng::new())
    }

    /// Up to five hundredths more or less.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        let hundredths = self.0.i64(-5..=5);
        lifetime.mul_f64(AT + (hundredths / 100) as f64)
    }
}
