//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Gives every connection the grace period, as `preStop: sleep 30` does.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    drop(listener);
    tokio::time::sleep(grace).await;
    while serving.try_join_next().is_some() {}
    let cut = serving.len();
    serving.shutdown().await;
    cut
}
