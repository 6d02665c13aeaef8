//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// No new client is let in, and then there is nothing left to do.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, _: Duration) -> usize {
    drop(listener);
    let cut = serving.len();
    serving.shutdown().await;
    cut
}
