//! Drain: the end of a process that others are connected to.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Ends a process. Lets no client in any more, gives the connections in `serving`, a task each,
/// the time `grace` to finish, and cuts those that have not. Returns how many it cut.
pub async fn drain(listener: TcpListener, mut serving: JoinSet<()>, grace: Duration) -> usize {
    // First: a client that came later would be reset when the process ends.
    drop(listener);
    let all_done = async {
        loop {
            while serving.try_join_next().is_some() {}
            if serving.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await
        }
    };
    if timeout(grace, all_done).await.is_ok() {
        return 0;
    }
    let cut = serving.len();
    serving.shutdown().await;
    cut
}
