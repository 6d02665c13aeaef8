//! Open loop.
//!
//! This is the starter. It compiles, and its checks fail until `latencies` is written.

use std::time::Duration;

/// One user comes now, and another each time that `every` has passed, `count` in all. What user `number` does is
/// `attempt(number)`, from 0. Returns how long each waited from the moment when they came, in that order.
///
/// It runs on tokio, whose clock is the one to ask: `tokio::time::Instant`.
pub async fn latencies<A>(count: u32, every: Duration, attempt: impl Fn(u32) -> A) -> Vec<Duration>
where
    A: Future<Output = ()> + Send + 'static,
{
    todo!("this is the starter: write `latencies`")
}
