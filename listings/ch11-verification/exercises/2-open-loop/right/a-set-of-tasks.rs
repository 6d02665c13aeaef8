//! Open loop.

use std::time::Duration;
use tokio::task::JoinSet;

use tokio::time::{Instant, sleep_until};

/// Numbers come back with what was measured, in whatever order.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let mut users = JoinSet::new();
    for number in 0..count {
        let due = begin + every * number;
        sleep_until(due).await;
        let attempt = attempt(number);
        users.spawn(async move {
            attempt.await;
            (number, due.elapsed())
        });
    }
    let mut waited = users.join_all().await;
    waited.sort_unstable();
    waited.into_iter().map(|(_, waited)| waited).collect()
}
