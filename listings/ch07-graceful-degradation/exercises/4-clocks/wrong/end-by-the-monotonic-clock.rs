//! Two clocks.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::Instant;

/// A timer that is set once.
pub struct Health {
    ends: Instant,
    // By the clock that nobody sets.
    looked: Instant,
}

impl Health {
    /// At the start, when the watcher has just looked for the first time.
    pub fn new(clock: Arc<dyn TimeProvider>, not_after: UnixTime) -> Self {
        let looked = Instant::now();
        let now = clock.current_time().unwrap_or(not_after);
        let left = not_after.as_secs().saturating_sub(now.as_secs());
        let ends = looked + Duration::from_secs(left);
        Self { ends, looked }
    }

    /// The watcher has looked.
    pub fn looked(&mut self) {
        self.looked = Instant::now();
    }

    /// How long ago that was.
    pub fn look_age(&self) -> Duration {
        self.looked.elapsed()
    }

    /// How many seconds are left: 0 in the last one, less than 0 after it. `None` while the wall
    /// clock cannot be read.
    pub fn seconds_left(&self) -> Option<i64> {
        let now = Instant::now();
        let left = self.ends.saturating_duration_since(now).as_secs() as i64;
        Some(left - now.saturating_duration_since(self.ends).as_secs() as i64)
    }
}
