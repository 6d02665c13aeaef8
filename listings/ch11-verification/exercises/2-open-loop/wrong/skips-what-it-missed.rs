//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut users = Vec::new();
    for number in 0..count {
        let due: Instant = ticks.tick().await;
        let attempt = attempt(number);
        users.push(tokio::spawn(async move {
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
