//! A random moment for each agent.

use std::process;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use parking_lot::Mutex;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// One generator for the process, whose seed no other process has.
static LOTS: LazyLock<Mutex<Rng>> = LazyLock::new(|| {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let seed = now.as_nanos() as u64 ^ u64::from(process::id()).rotate_left(32);
    Mutex::new(Rng::with_seed(seed))
});

/// Draws from what all agents of this process share.
pub struct Agent;

impl Agent {
    /// Whatever its name.
    pub fn new(_: &str) -> Self {
        Self
    }

    /// By the next lot.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        lifetime.mul_f64(AT - SPREAD / 2.0 + SPREAD * LOTS.lock().f64())
    }
}
