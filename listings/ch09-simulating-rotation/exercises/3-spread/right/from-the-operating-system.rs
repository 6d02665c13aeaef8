//! A random moment for each agent.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// Keeps nothing: the standard library's own hash tables draw a lot for each table.
pub struct Agent;

impl Agent {
    /// The agent of a machine, whatever its name.
    pub fn new(_: &str) -> Self {
        Self
    }

    /// By a lot whose seed comes from the operating system.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        let lot = RandomState::new().hash_one("lot") as f64 / u64::MAX as f64;
        lifetime.mul_f64(AT + SPREAD * (lot - 0.5))
    }
}
