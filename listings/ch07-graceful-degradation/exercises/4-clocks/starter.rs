//! Two clocks.
//!
//! This is the starter. It compiles, and its checks fail until `Health` is written.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::Instant;

/// What a server says of itself.
pub struct Health {
    /// The wall clock, by which peers judge the certificate.
    clock: Arc<dyn TimeProvider>,
    /// The last second in which the certificate is valid.
    not_after: UnixTime,
    // What else it keeps is yours to choose.
}

impl Health {
    /// At the start, when the watcher has just looked for the first time.
    pub fn new(clock: Arc<dyn TimeProvider>, not_after: UnixTime) -> Self {
        todo!("this is the starter: write `Health`")
    }

    /// The watcher has looked.
    pub fn looked(&mut self) {
        todo!("this is the starter: write `Health`")
    }

    /// How long ago that was.
    pub fn look_age(&self) -> Duration {
        todo!("this is the starter: write `Health`")
    }

    /// How many seconds are left: 0 in the last one, less than 0 after it. `None` while the wall
    /// clock cannot be read.
    pub fn seconds_left(&self) -> Option<i64> {
        todo!("this is the starter: write `Health`")
    }
}
