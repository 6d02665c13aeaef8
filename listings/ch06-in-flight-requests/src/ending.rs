//! The end of a connection, which a request must not miss.
//!
//! A connection of hyper is a task of its own, and a request is put into its queue. Where the connection ends
//! in the same moment, the request can be left in the queue, and its answer is then waited for in vain
//! (hyperium/hyper#4122, of HTTP/1; a mend, commit 333d33a of 10 August 2026, is proposed in pull request
//! 4150, and is not in 1.12). So a wait for an answer watches the end of the connection as well.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// What arrived before the end is handed over at once. Over HTTP/2 another task of hyper has to run for
/// it, which on a busy machine takes a moment.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// The end of a connection. Clones are the same.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<()>);

impl Ending {
    /// Drives a connection to its end.
    pub fn of<C>(connection: C) -> Self
    where
        C: Future<Output: Send> + Send + 'static,
    {
        let (running, ending) = watch::channel(());
        tokio::spawn(async move {
            let _running = running;
            connection.await;
        });
        Self(ending)
    }

    /// Waits until the connection has ended.
    pub async fn ended(&self) {
        // Nothing is ever sent: an error says that the task is over.
        while self.0.clone().changed().await.is_ok() {}
    }

    /// Waits for an answer over this connection. `None`: the connection has ended, and no answer came until a second
    /// later.
    pub async fn or<T>(&self, answered: impl Future<Output = T>) -> Option<T> {
        let mut answered = pin!(answered);
        tokio::select! {
            biased;
            answer = &mut answered => return Some(answer),
            () = self.ended() => {}
        }
        timeout(LAST_ANSWER, answered).await.ok()
    }
}
