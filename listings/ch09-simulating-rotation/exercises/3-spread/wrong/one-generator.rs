//! A random moment for each agent.

use std::sync::LazyLock;
use std::time::Duration;

use fastrand::Rng;
use parking_lot::Mutex;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// One generator for all agents, so that no two of them draw the same lot.
static LOTS: LazyLock<Mutex<Rng>> = LazyLock::new(|| Mutex::new(Rng::with_seed(42)));

/// Draws from what all share.
pub struct Agent;

impl Agent {
    /// Needs no seed of its own.
    pub fn new(_: &str) -> Self {
        Self
    }

    /// By the next lot.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * LOTS.lock().f64())
    }
}
