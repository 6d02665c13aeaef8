//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

/// Who has waited for a minute has left.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let mut users = Vec::new();
    for number in 0..count {
        let due = begin + every * number;
        sleep_until(due).await;
        let attempt = attempt(number);
        users.push(tokio::spawn(async move {
            let _ = timeout(Duration::from_secs(60), attempt).await;
            due.elapsed()
        }));
    }
    let mut waited = Vec::new();
    for user in users {
        waited.push(user.await.unwrap());
    }
    waited
}
