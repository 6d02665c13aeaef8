//! The open loop: attempts begin when they are due, and not when the server has time for them.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

// ANCHOR: open_loop
/// Begins `rate` attempts a second until `stop` holds true, each at the moment at which it is due,
/// whatever became of those before. Then waits for those that are in progress. `attempt` gets the
/// moment at which it is due; `now` is that of the first. `None` is one that cannot be made.
pub async fn open_loop<A>(
    rate: f64,
    mut stop: watch::Receiver<bool>,
    now: Duration,
    attempt: impl Fn(Duration) -> Option<A> + Send,
) where
    A: Future<Output = ()> + Send + 'static,
{
    let mut in_progress = JoinSet::new();
    let begin = Instant::now();
    for number in 0u32.. {
        let after = Duration::from_secs_f64(f64::from(number) / rate);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            () = sleep_until(begin + after) => {}
        }
        attempt(now + after).map(|attempt| in_progress.spawn(attempt));
        // One that panicked would be missing from the count, and the verdict would be too good.
        while let Some(ended) = in_progress.try_join_next() {
            ended.expect("no attempt panics");
        }
    }
    in_progress.join_all().await;
}
// ANCHOR_END: open_loop
