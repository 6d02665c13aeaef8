//! Asking a connection to leave, and cutting it if it does not.

use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::linger::{Shared, linger};

/// Why a connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It is too old.
    Age,
    /// Its generation is.
    Generation,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client was done.
    ClientClosed,
    /// It broke, with something unfinished; or the server refused to go on with what the client sent.
    Cut,
    /// It was asked because of its age, and finished what it was at. The client closed it in its
    /// turn, or it was idle.
    Aged,
    /// The same, but asked because of its generation.
    Drained,
    /// It was asked, and at the deadline it had not finished, or the client had not closed it:
    /// the server cut it.
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
/// Where nothing is cut, `stream` is closed so that the client has time to read what was sent.
///
/// `ask` and `close` are what the protocol has for that; `whole` tells whether no answer was unfinished
/// when it ended. A client that does not stay for our goodbye makes an error, and loses nothing by it.
pub(crate) async fn until_gone<S, C, T, E>(
    stream: Shared<S>,
    mut connection: Pin<&mut C>,
    due: impl Future<Output = Due>,
    grace: Duration,
    ask: impl FnOnce(Pin<&mut C>),
    close: impl FnOnce(Pin<&mut C>),
    whole: impl Fn(&Result<T, E>) -> bool,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Future<Output = Result<T, E>>,
{
    let due = tokio::select! {
        ended = connection.as_mut() => {
            // The client has ended it; whether it stays for our goodbye no longer matters.
            let _ = timeout(grace, linger(stream)).await;
            return if whole(&ended) { End::ClientClosed } else { End::Cut };
        }
        due = due => due,
    };
    // ANCHOR_END: until_gone
    // ANCHOR: leaving
    ask(connection.as_mut());
    let mut ended = None;
    let leaving = async {
        ended = Some(connection.as_mut().await);
        linger(stream).await;
    };
    let in_time = timeout(grace, leaving).await.is_ok();
    let whole = match ended {
        Some(ended) if !whole(&ended) => return End::Cut,
        // All was sent. Only a client that closes, too, is known to have had the time to read it.
        Some(_) => in_time,
        None => {
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
// ANCHOR_END: leaving
