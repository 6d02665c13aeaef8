//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// An attempt, a pause, and the next.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let mut waited = Vec::new();
    for number in 0..count {
        let sent = Instant::now();
        attempt(number).await;
        waited.push(sent.elapsed());
        sleep(every.saturating_sub(sent.elapsed())).await;
    }
    waited
}
