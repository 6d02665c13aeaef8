//! Open loop.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Each user tells a channel how long it waited.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    let (says, mut said) = tokio::sync::mpsc::unbounded_channel();
    let mut due = Instant::now();
    for number in 0..count {
        sleep_until(due).await;
        let (came, attempt, says) = (due, attempt(number), says.clone());
        tokio::spawn(async move {
            attempt.await;
            let _ = says.send((number as usize, came.elapsed()));
        });
        due += every;
    }
    drop(says);
    let mut waited = vec![Duration::MAX; count as usize];
    while let Some((number, long)) = said.recv().await {
        waited[number] = long;
    }
    waited
}
