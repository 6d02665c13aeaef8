//! Open loop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// A pool of 64 makes the attempts.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let pool = Arc::new(Semaphore::new(64));
    let mut users = Vec::new();
    for number in 0..count {
        let due = begin + every * number;
        sleep_until(due).await;
        let (attempt, pool) = (attempt(number), pool.clone());
        users.push(tokio::spawn(async move {
            let _client = pool.acquire().await;
            attempt.await;
            due.elapsed()
        }));
    }
    let mut waited = Vec::new();
    for user in users {
        waited.push(user.await.unwrap());
    }
    waited
}
