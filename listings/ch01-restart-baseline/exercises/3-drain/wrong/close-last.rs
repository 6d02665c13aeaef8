//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The listener belongs to the process, and goes with it.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    let all_done = async { while serving.join_next().await.is_some() {} };
    let cut = match timeout(grace, all_done).await {
        Ok(()) => 0,
        Err(_) => serving.len(),
    };
    serving.shutdown().await;
    drop(listener);
    cut
}
