//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// No connection is cut: the process ends when the last one is done.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, _: Duration) -> usize {
    drop(listener);
    while serving.join_next().await.is_some() {}
    0
}
