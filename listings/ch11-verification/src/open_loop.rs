//! The open loop: attempts begin when they are due, and not when the server has time for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::attempt::Recorder;

/// How many attempts of one loop may be in progress. More would only measure this side.
const MOST: usize = 512;

// ANCHOR: open_loop
/// Begins `rate` attempts a second, each at the moment at which it is due, whatever became of those
/// before; until `stop` holds true. Then waits for those that are in progress.
pub async fn open_loop<F>(
    rate: f64,
    mut stop: watch::Receiver<bool>,
    recorder: Arc<Recorder>,
    attempt: impl Fn(Duration) -> F + Send,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut in_progress = JoinSet::new();
    let (begin, zero) = (Instant::now(), recorder.now());
    for number in 0u32.. {
        let after = Duration::from_secs_f64(f64::from(number) / rate);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = sleep_until(begin + after) => {}
        }
        recorder.late(begin.elapsed().saturating_sub(after));
        while let Some(ended) = in_progress.try_join_next() {
            finished(ended);
        }
        if in_progress.len() < MOST {
            in_progress.spawn(attempt(zero + after));
        } else {
            recorder.dropped();
        }
    }
    while let Some(ended) = in_progress.join_next().await {
        finished(ended);
    }
}
// ANCHOR_END: open_loop

/// Passes a panic on. An attempt that panicked is missing from the count, so a verdict without it would
/// be too good.
pub fn finished<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended {
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        ended => ended.ok(),
    }
}
