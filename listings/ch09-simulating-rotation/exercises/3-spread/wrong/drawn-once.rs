//! A random moment for each agent.

use std::time::Duration;

use fastrand::Rng;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// Its place in the fleet.
pub struct Agent(f64);

impl Agent {
    /// An offset for each machine, which is easy to find in a log.
    pub fn new(machine: &str) -> Self {
        let seed = machine
            .bytes()
            .fold(0, |seed: u64, byte| seed.wrapping_mul(31) ^ u64::from(byte));
        Self(Rng::with_seed(seed).f64())
    }

    /// At its place.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * self.0)
    }
}
