//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// One user comes now, and another each time that `every` has passed, `count` in all. Returns
/// how long each waited from the moment when they came, in that order.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let mut users = Vec::new();
    let many = std::sync::Arc::new(tokio::sync::Semaphore::new(10_000));
    for number in 0..count {
        let due = begin + every * number;
        sleep_until(due).await;
        let attempt = attempt(number);
        // A task of its own: the next does not wait for it.
        let many = many.clone();
        users.push(tokio::spawn(async move {
            let _one = many.acquire_owned().await;
            attempt.await;
            due.elapsed()
        }));
    }
    let mut waited = Vec::new();
    for user in users {
        // One that panicked must not be missing from the figures.
        waited.push(user.await.expect("no attempt panics"));
    }
    waited
}
