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
    let (figures, mut come) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..count {
        let due = begin + every * number;
        sleep_until(due).await;
        let attempt = attempt(number);
        // A task of its own: the next does not wait for it.
        let figures = figures.clone();
        tokio::spawn(async move {
            attempt.await;
            let _ = figures.send((number, due.elapsed()));
        });
    }
    let mut waited = Vec::new();
    while waited.len() < count as usize {
        if let Some(figure) = come.recv().await {
            waited.push(figure);
        }
    }
    waited.sort_unstable();
    waited.into_iter().map(|(_, waited)| waited).collect()
}
