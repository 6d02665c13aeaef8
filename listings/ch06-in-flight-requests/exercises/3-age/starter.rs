//! Age with jitter.
//!
//! This is the starter. It compiles, and its checks fail until `Ages` is written.

use std::time::Duration;

/// By when each connection of one server is asked to leave.
pub struct Ages {
    max_age: Duration,
    jitter: f64,
    seed: u64,
}

impl Ages {
    /// No connection is older than `max_age` when it is asked. The share `jitter` of that, from 0 to 1, is the time over
    /// which those that were opened together are asked. Each server draws a `seed` of its own when it starts.
    pub fn new(max_age: Duration, jitter: f64, seed: u64) -> Self {
        Self {
            max_age,
            jitter,
            seed,
        }
    }

    /// How old this connection is when it is asked to leave. A server asks at each tick of a clock, so one connection has
    /// the same answer each time. Connections are numbered from 1 on each server, which runs for months, so nothing is
    /// kept here about any of them.
    pub fn of(&self, connection: u64) -> Duration {
        todo!("this is the starter: write `Ages`")
    }
}
