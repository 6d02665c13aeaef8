//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Sleeps for `every` after each of them.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let mut users = Vec::new();
    for number in 0..count {
        let due = Instant::now();
        let attempt = attempt(number);
        users.push(tokio::spawn(async move {
            attempt.await;
            due.elapsed()
        }));
        sleep(every).await;
    }
    let mut waited = Vec::new();
    for user in users {
        waited.push(user.await.unwrap());
    }
    waited
}
