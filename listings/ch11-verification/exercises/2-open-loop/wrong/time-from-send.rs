//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Keeps the schedule as well as it can, and takes the time of each answer.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let mut waited = Vec::new();
    for number in 0..count {
        sleep_until(begin + every * number).await;
        let sent = Instant::now();
        attempt(number).await;
        waited.push(sent.elapsed());
    }
    waited
}
