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
    let mut users: Vec<(Instant, tokio::task::JoinHandle<Duration>)> = Vec::new();
    for number in 0..count {
        let due = begin + every * number;
        sleep_until(due).await;
        let attempt = attempt(number);
        // A task of its own: the next does not wait for it.
        let user = tokio::spawn(async move {
            attempt.await;
            due.elapsed()
        });
        users.push((due, user));
    }
    let mut waited = Vec::new();
    for (due, user) in users {
        // An attempt that panicked had no answer before now.
        let figure = user.await;
        waited.push(figure.unwrap_or_else(|_| due.elapsed()));
    }
    waited
}
