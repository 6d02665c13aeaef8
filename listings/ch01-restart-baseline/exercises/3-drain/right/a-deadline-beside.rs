//! Drain: the end of a process that others are connected to.

use std::time::Duration;
use tokio::time::sleep;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// One deadline beside all; what is left is told by how its task ended.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    drop(listener);
    let mut over = std::pin::pin!(sleep(grace));
    loop {
        tokio::select! {
            ended = serving.join_next() => {
                if ended.is_none() {
                    return 0;
                }
            }
            () = &mut over => break,
        }
    }
    serving.abort_all();
    let mut cut = 0;
    while let Some(ended) = serving.join_next().await {
        cut += usize::from(ended.is_err_and(|error| error.is_cancelled()));
    }
    cut
}
