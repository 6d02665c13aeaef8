//! A random moment for each agent.

use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

use std::time::SystemTime;

/// Draws lots that nobody can foresee.
pub struct Agent(Rng);

impl Agent {
    /// A finer clock than `time(NULL)`.
    pub fn new(_: &str) -> Self {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self(Rng::with_seed(now.as_millis() as u64))
    }

    /// By lot.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * self.0.f64())
    }
}
