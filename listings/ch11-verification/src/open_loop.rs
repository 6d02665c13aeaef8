//! Load that comes when it is due, and not when the server has time for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::attempt::Recorder;

/// How many attempts of one class may be in progress. More would only measure this side.
const MOST: usize = 512;

// ANCHOR: open_loop
/// Begins `rate` attempts a second, each at the moment at which it is due, whatever became of those
/// before; until `stop` holds true.
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

/// An attempt that panicked is missing from the count. It is no attempt that went well, so there must
/// be no verdict without it.
pub fn finished<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended {
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        ended => ended.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it would have found is missing, and nothing says so.
    #[tokio::test]
    #[should_panic(expected = "on purpose")]
    async fn an_attempt_that_panics_is_not_passed_over() {
        let (_stop, stop) = watch::channel(false);
        let attempt = |_| async { panic!("on purpose") };
        let looping = open_loop(1000.0, stop, Arc::default(), attempt);
        let ended = tokio::time::timeout(lab::BOUND, looping).await;
        assert!(ended.is_ok(), "waited for the panic");
    }
}
