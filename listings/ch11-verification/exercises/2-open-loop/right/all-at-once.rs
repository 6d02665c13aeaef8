//! Open loop.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// All users are there from the start, and each sleeps until they are due.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let mut users = JoinSet::new();
    for number in 0..count {
        let (due, attempt) = (begin + every * number, attempt(number));
        users.spawn(async move {
            sleep_until(due).await;
            attempt.await;
            (number, due.elapsed())
        });
    }
    let mut waited = users.join_all().await;
    waited.sort_unstable();
    waited.into_iter().map(|(_, waited)| waited).collect()
}
