//! Whether a server serves a client while another one keeps its connection.

use crate::attempt::FailureKind;
use crate::error::Error;
use crate::load::Target;
use crate::load::conversation::Conversation;
use crate::load::failure::Failed;
use crate::server::advice::Advice;
use lab::client::Client;

/// So many times in a row is no accident of a busy machine.
const TIMES: usize = 2;

/// A client that comes while another one is connected and has its answer.
///
/// # Errors
/// Where it waits in vain until the other has left, with what to change.
pub(super) async fn served_side_by_side(target: &Target) -> Result<(), Error> {
    let client = target.client(None, false, target.identity.as_deref())?;
    let mut seen = String::new();
    for _ in 0..TIMES {
        // Others tell of a server that does not even serve one.
        let Ok(first) = target.in_time(Box::pin(entered(target, &client))).await else {
            return Ok(());
        };
        let (_, second) = target.probe(&client).await;
        first.close().await;
        match second {
            Err(failed) if failed.kind == FailureKind::Stalled => seen = failed.error,
            _ => return Ok(()),
        }
        // Nor of one that serves nobody any more.
        if target.probe(&client).await.1.is_err() {
            return Ok(());
        }
    }
    Err(Error::Preflight(Box::new(Advice {
        what: "it serves one client at a time".into(),
        tried: "a second client, while a first one kept its connection after an answer".into(),
        seen: format!("{seen}; once the first had left, another client was served"),
        change: "serve each connection in a task, thread or process of its own: as it is, one client that keeps its \
                 connection shuts out all others, whether anything is rotated or not. To see no more than what new \
                 connections are shown, ask for clients that leave at once: --classes full"
            .into(),
    })))
}

/// A connection on which one request was answered.
async fn entered(target: &Target, client: &Client) -> Result<Conversation, Failed> {
    let (stream, seen) = target.open(client).await.map_err(Failed::opening)?;
    let mut conversation = Conversation::over(target, stream, seen).await?;
    conversation.enter(target).await?;
    Ok(conversation)
}
