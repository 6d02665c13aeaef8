//! Two clocks.

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
    // By the clock that nobody sets.
    looked: Instant,
    again: Option<Instant>,
}

impl Health {
    /// At the start, when the watcher has just looked for the first time.
    pub fn new(clock: Arc<dyn TimeProvider>, not_after: UnixTime) -> Self {
        let looked = Instant::now();
        Self {
            clock,
            not_after,
            looked,
            again: None,
        }
    }

    /// The watcher has looked.
    pub fn looked(&mut self) {
        let now = Instant::now();
        self.looked = *self.again.get_or_insert(now);
    }

    /// How long ago that was.
    pub fn look_age(&self) -> Duration {
        self.looked.elapsed()
    }

    /// How many seconds are left: 0 in the last one, less than 0 after it. `None` while the wall
    /// clock cannot be read.
    pub fn seconds_left(&self) -> Option<i64> {
        // Asked each time: peers judge by the time of now.
        let now = self.clock.current_time()?.as_secs();
        Some(self.not_after.as_secs().cast_signed() - now.cast_signed())
    }
}
