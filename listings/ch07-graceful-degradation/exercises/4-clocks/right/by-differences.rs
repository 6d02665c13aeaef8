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
    looks: Vec<Instant>,
}

impl Health {
    pub fn new(clock: Arc<dyn TimeProvider>, not_after: UnixTime) -> Self {
        Self {
            clock,
            not_after,
            looks: vec![Instant::now()],
        }
    }

    pub fn looked(&mut self) {
        self.looks.clear();
        self.looks.push(Instant::now());
    }

    pub fn look_age(&self) -> Duration {
        let last = self.looks.last().expect("there is always one");
        Instant::now().saturating_duration_since(*last)
    }

    pub fn seconds_left(&self) -> Option<i64> {
        let now = self.clock.current_time()?;
        let [end, now] = [self.not_after, now].map(|time| i128::from(time.as_secs()));
        Some(i64::try_from(end - now).unwrap_or(i64::MIN))
    }
}
