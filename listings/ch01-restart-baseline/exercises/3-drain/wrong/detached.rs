//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Ends a process. Lets no client in any more, gives the connections in `serving`, a task each, the time
/// `grace` to finish, and cuts those that have not. Returns how many it cut.
///
/// `JoinSet` is tokio's set of tasks. To wait for them, an answer begins with `mut serving`.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    drop(listener);
    let _ = tokio::time::timeout(grace, async {
        while serving.join_next().await.is_some() {}
    })
    .await;
    let cut = serving.len();
    serving.detach_all();
    cut
}
