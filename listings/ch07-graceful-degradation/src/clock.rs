//! Wall clocks: the real one, and one that runs in virtual time.
//!
//! rustls has the seam already. [`TimeProvider`] is what a client asks for the time when it
//! verifies a certificate; this chapter's validation and its alarms ask the same. In production that is
//! [`DefaultTimeProvider`](rustls::time_provider::DefaultTimeProvider).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use time::OffsetDateTime;
use tokio::time::Instant;

// ANCHOR: virtual
/// A wall clock that moves with tokio's clock, and can be stepped against it.
///
/// With tokio's clock paused, a week lasts as long as the work that falls due in it.
#[derive(Debug)]
pub struct Virtual {
    start: UnixTime,
    began: Instant,
    // In seconds: how far this clock was set forward (or back).
    offset: AtomicI64,
}

impl Virtual {
    /// A clock that shows `start` now.
    pub fn starting_at(start: UnixTime) -> Arc<Self> {
        Arc::new(Self {
            start,
            began: Instant::now(),
            offset: AtomicI64::new(0),
        })
    }

    /// Sets the clock forward, or back, by so many seconds, as NTP or an operator would. tokio's
    /// clock does not notice, as the kernel's monotonic clock would not.
    pub fn step(&self, seconds: i64) {
        self.offset.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What the clock shows, in the form in which events and certificates are dated.
    pub fn date(&self) -> OffsetDateTime {
        let shown = self.start.as_secs() as i64 + self.offset.load(Ordering::Relaxed);
        let date = OffsetDateTime::from_unix_timestamp(shown).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        date + self.began.elapsed()
    }
}

impl TimeProvider for Virtual {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.date().unix_timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
// ANCHOR_END: virtual

// ANCHOR: still
/// Runs `talking` while tokio's paused clock stands still.
///
/// A paused clock jumps to the next timer whenever the runtime has nothing to do, and waiting for
/// a socket looks like nothing to do: a client's timeout would fire before its answer is there.
/// While a blocking task runs, tokio does not let the clock jump (`tokio::time::pause`,
/// "Preventing auto-advance"). Gives up standing still after [`lab::BOUND`] of real time, so that
/// what never comes ends in a timeout.
pub async fn still<T>(talking: impl Future<Output = T>) -> T {
    let (done, hold) = std::sync::mpsc::channel::<()>();
    let holding = tokio::task::spawn_blocking(move || {
        // Ends when the sender is dropped.
        let _ = hold.recv_timeout(lab::BOUND);
    });
    let outcome = talking.await;
    drop(done);
    let _ = holding.await;
    outcome
}
// ANCHOR_END: still
