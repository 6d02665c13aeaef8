//! A random moment for each agent.
//!
//! This is the starter. It compiles, and its checks fail until `Agent` is written.

use std::time::Duration;

/// The part of a lifetime after which a leaf is renewed.
pub const AT: f64 = 2.0 / 3.0;

/// The part of a lifetime over which renewals are spread, half of it before [`AT`].
pub const SPREAD: f64 = 0.1;

/// An agent that renews one machine's leaf again and again.
pub struct Agent {
    // What it keeps is yours to choose.
}

impl Agent {
    /// The agent of the machine that has this name. No two machines share one. Each runs it in a process of its own; the checks
    /// run all of them on one host.
    pub fn new(machine: &str) -> Self {
        todo!("this is the starter: write `Agent`")
    }

    /// How long after its issue the next leaf, of this lifetime, is renewed. Asked once for each leaf.
    pub fn due(&mut self, lifetime: Duration) -> Duration {
        todo!("this is the starter: write `Agent`")
    }
}
