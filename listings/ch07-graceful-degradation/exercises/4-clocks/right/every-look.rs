//! Two clocks.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::Instant;

/// Keeps every look, for a log, and measures from the last one.
pub struct Health {
    /// The wall clock, by which peers judge the certificate.
    clock: Arc<dyn TimeProvider>,
    /// The last second in which the certificate is valid.
    not_after: UnixTime,
    // By the clock that nobody sets.
    pulse: Vec<Instant>,
}

impl Health {
    /// At the start, when the watcher has just looked for the first time.
    pub fn new(clock: Arc<dyn TimeProvider>, not_after: UnixTime) -> Self {
        let pulse = vec![Instant::now()];
        Self {
            clock,
            not_after,
            pulse,
        }
    }

    /// The watcher has looked.
    pub fn looked(&mut self) {
        self.pulse.push(Instant::now());
    }

    /// How long ago that was.
    pub fn look_age(&self) -> Duration {
        self.pulse.last().map_or(Duration::MAX, Instant::elapsed)
    }

    /// How many seconds are left: 0 in the last one, less than 0 after it. `None` while the wall
    /// clock cannot be read.
    pub fn seconds_left(&self) -> Option<i64> {
        // Asked each time: peers judge by the time of now.
        let now = self.clock.current_time()?.as_secs();
        Some(if now > self.not_after.as_secs() {
            -i64::try_from(now - self.not_after.as_secs()).unwrap_or(i64::MAX)
        } else {
            i64::try_from(self.not_after.as_secs() - now).unwrap_or(i64::MAX)
        })
    }
}
