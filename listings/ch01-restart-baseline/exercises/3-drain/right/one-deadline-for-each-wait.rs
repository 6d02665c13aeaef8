//! Drain: the end of a process that others are connected to.

use std::time::Duration;
use tokio::time::{Instant, timeout_at};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Waits for one connection after the other, each until the same deadline.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    let deadline = Instant::now() + grace;
    std::mem::drop(listener.into_std());
    while let Ok(Some(ended)) = timeout_at(deadline, serving.join_next()).await {
        if let Err(error) = ended {
            eprintln!("a connection ended badly: {error}");
        }
    }
    let left = serving.len();
    serving.shutdown().await;
    left
}
