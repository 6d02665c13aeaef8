//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Ends a process. Lets no client in any more, gives the connections in `serving`, a task each,
/// the time `grace` to finish, and cuts those that have not. Returns how many it cut.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    // First: a client that came later would be reset when the process ends.
    drop(listener);
    let end = tokio::time::Instant::now() + grace;
    while !serving.is_empty() && tokio::time::Instant::now() < end {
        while serving.try_join_next().is_some() {}
        if !serving.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    // What was done by the deadline is still in the set, and was not cut.
    while serving.try_join_next().is_some() {}
    let cut = serving.len();
    serving.shutdown().await;
    cut
}
