//! Asking a connection to leave, and cutting it if it does not.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::Due;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client was done.
    ClientClosed,
    /// It broke, with something unfinished.
    Cut,
    /// It was asked because of its age, and finished what it was at.
    Aged,
    /// It was asked because of its generation, and finished what it was at.
    Drained,
    /// It was asked, and had not finished at the deadline: the server cut it.
    Deadline,
}

impl End {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClientClosed => "client_closed",
            Self::Cut => "cut",
            Self::Aged => "aged",
            Self::Drained => "drained",
            Self::Deadline => "deadline",
        }
    }
}

// ANCHOR: until_gone
/// Runs a connection until it ends. Once it is due, asks it to leave, and cuts it at the deadline.
///
/// `ask` and `close` are what the protocol has for that; `owes` tells whether an answer is
/// unfinished.
pub(crate) async fn until_gone<C, T, E>(
    mut connection: Pin<&mut C>,
    due: impl Future<Output = Due>,
    grace: Duration,
    ask: impl FnOnce(Pin<&mut C>),
    close: impl FnOnce(Pin<&mut C>),
    owes: impl Fn() -> bool,
) -> End
where
    C: Future<Output = Result<T, E>>,
{
    // A client that does not stay for our goodbye makes an error, and loses nothing by it.
    let whole = |ended: &Result<T, E>| ended.is_ok() || !owes();
    let due = tokio::select! {
        ended = connection.as_mut() => return match whole(&ended) {
            true => End::ClientClosed,
            false => End::Cut,
        },
        due = due => due,
    };
    ask(connection.as_mut());
    let whole = match timeout(grace, connection.as_mut()).await {
        Ok(ended) if whole(&ended) => true,
        Ok(_) => return End::Cut,
        Err(_) => {
            close(connection.as_mut());
            // One look: what has nothing left to do is done.
            tokio::select! {
                biased;
                ended = connection => whole(&ended),
                () = std::future::ready(()) => false,
            }
        }
    };
    match (whole, due) {
        (false, _) => End::Deadline,
        (true, Due::Age) => End::Aged,
        (true, Due::Generation) => End::Drained,
    }
}
// ANCHOR_END: until_gone
