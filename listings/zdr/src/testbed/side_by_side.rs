//! Whether a server serves a client while others keep their connections, as the clients of a check do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::attempt::FailureKind;
use crate::attempt::failure::Where;
use crate::error::Error;
use crate::load::Target;
use crate::load::conversation::Conversation;
use crate::load::failure::Failed;
use crate::server::advice::Advice;
use crate::server::spec::Protocol;
use futures_util::future::join_all;
use lab::client::Client;
use tokio::time::sleep;

/// So many times in a row is no accident of a busy machine.
const TIMES: usize = 2;

/// The connections of a check are asked about as often. A server that ends idle ones after a second or two, to have a
/// worker for the next client, does not end these.
const PAUSE: Duration = Duration::from_millis(150);

/// More are not asked for: who wants hundreds of connections knows how many workers there are.
const MOST: usize = 64;

/// Between two looks at whether it is a client's turn.
const SOON: Duration = Duration::from_millis(2);

/// Clients that come one by one, and keep their connections: one more than the check keeps in its `pool`, up to a limit.
///
/// # Errors
/// Where some wait in vain until the others have left, with what to change.
pub(super) async fn served_side_by_side(target: &Target, pool: usize) -> Result<(), Error> {
    let client = target.client(None, false, target.identity.as_deref())?;
    let clients = pool.clamp(1, MOST) + 1;
    if let Some(error) = ended_at_once(target, &client).await {
        return Err(Error::Preflight(Box::new(keeps_none(error))));
    }
    let mut seen = (0, String::new());
    for _ in 0..TIMES {
        // Others tell of a server that does not even serve one.
        let Some(shut_out) = shut_out(target, &client, clients).await else {
            return Ok(());
        };
        seen = shut_out;
        // Nor of one that serves nobody any more.
        if target.probe(&client).await.1.is_err() {
            return Ok(());
        }
    }
    let (served, error) = seen;
    Err(Error::Preflight(Box::new(advice(clients, served, &error))))
}

/// What a client meets whose connection is ended as soon as it was answered, or as another client says the same, in a
/// protocol that zdr is only told. `None` where that is not so each time: then others tell more.
async fn ended_at_once(target: &Target, client: &Client) -> Option<String> {
    if target.protocol != Protocol::Tls {
        return None;
    }
    let mut seen = None;
    for _ in 0..TIMES {
        let first = target.in_time(Box::pin(entered(target, client))).await;
        let second = target.in_time(Box::pin(entered(target, client))).await;
        let (mut first, second) = (first.ok()?, second.ok()?);
        sleep(PAUSE).await;
        let asking = first.request(target, 1, Where::Kept);
        let failed = target.in_time(Box::pin(asking)).await.err();
        second.close().await;
        seen = Some(failed.filter(|of| of.kind != FailureKind::Stalled)?.error);
    }
    seen
}

fn keeps_none(error: String) -> Advice {
    Advice {
        what: "it ends a connection that clients keep, though nothing was rotated".into(),
        tried: "a client that was answered, kept its connection while another one said the same, of `[exchange]`, and \
                asked again"
            .into(),
        seen: error,
        change: "if a nickname or an identifier in `[exchange]` can be one client's alone, let the server choose it. If it \
                 answers once over each connection, ask for clients that leave at once: --classes full,resuming"
            .into(),
    }
}

/// How many of so many clients were served, and what the next one met, where it waited in vain. They come one after the
/// other: a server that takes its time for each is not one that is full.
async fn shut_out(target: &Target, client: &Client, clients: usize) -> Option<(usize, String)> {
    let came = AtomicUsize::new(0);
    let all = (0..clients).map(|turn| keeps(target, client, (turn, clients), &came));
    let outcomes = Box::pin(join_all(all)).await;
    let tried: Vec<_> = outcomes.into_iter().flatten().collect();
    let served = tried.iter().filter(|outcome| outcome.is_ok()).count();
    let in_vain = |failed: Failed| (failed.kind == FailureKind::Stalled).then_some(failed.error);
    let errors = tried.into_iter().filter_map(Result::err);
    let error = errors.filter_map(in_vain).next()?;
    (served > 0).then_some((served, error))
}

/// A client that comes when as many others `came` as are before its turn, keeps its connection, and asks for something
/// now and then until all have come. `None` if one before it failed, so that it did not come, or if it left.
async fn keeps(
    target: &Target,
    client: &Client,
    (turn, clients): (usize, usize),
    came: &AtomicUsize,
) -> Option<Result<(), Failed>> {
    while came.load(Ordering::Relaxed) < turn {
        sleep(SOON).await;
    }
    if came.load(Ordering::Relaxed) >= clients {
        return None;
    }
    let entered = target.in_time(Box::pin(entered(target, client))).await;
    let mut conversation = match entered {
        Ok(conversation) => conversation,
        Err(failed) => {
            came.store(clients, Ordering::Relaxed);
            return Some(Err(failed));
        }
    };
    came.fetch_add(1, Ordering::Relaxed);
    while came.load(Ordering::Relaxed) < clients {
        sleep(PAUSE).await;
        let asking = conversation.request(target, 1, Where::Kept);
        // One that the server ends, or asks to leave, leaves room for another.
        if !matches!(target.in_time(Box::pin(asking)).await, Ok(false)) {
            return None;
        }
    }
    conversation.close().await;
    Some(Ok(()))
}

fn advice(clients: usize, served: usize, error: &str) -> Advice {
    // More workers do not help where a name is taken for as long as its connection lasts.
    if error.contains("; last came `") {
        return Advice {
            what: "it does not let another client in while one keeps its connection".into(),
            tried: format!("{clients} clients that say the same, of `[exchange]`, and keep their connections"),
            seen: format!("the one after {served}: {error}; once the others had left, another client was served"),
            change: "say in `[exchange]` what several clients may say at a time: a nickname, an identifier or an account \
                     may be one client's alone. Where that is so in any case, ask for clients that leave at once, one \
                     after the other: --classes full"
                .into(),
        };
    }
    if served == 1 {
        return Advice {
            what: "it serves one client at a time".into(),
            tried: format!("a second client, while a first one kept its connection after an answer ({clients} in all)"),
            seen: format!("{error}; once the first had left, another client was served"),
            change: "serve each connection in a task, thread or process of its own: as it is, one client that keeps its \
                     connection shuts out all others, whether anything is rotated or not. To see no more than what new \
                     connections are shown, ask for clients that leave at once: --classes full"
                .into(),
        };
    }
    Advice {
        what: format!("it serves {served} clients at a time"),
        tried: format!(
            "{clients} clients that keep their connections and ask for something now and then"
        ),
        seen: format!(
            "{served} were served, and the next one was not: {error}; once those had left, another client was served"
        ),
        change: format!(
            "give it more workers or threads: as it is, {served} clients that keep their connections shut out all \
             others, whether anything is rotated or not. Or ask for fewer that do so: --pool {}; or for none: \
             --classes full",
            served / 2
        ),
    }
}

/// A connection on which one request was answered.
async fn entered(target: &Target, client: &Client) -> Result<Conversation, Failed> {
    let (stream, seen) = target.open(client).await.map_err(Failed::opening)?;
    let mut conversation = Conversation::over(target, stream, seen).await?;
    conversation.enter(target).await?;
    Ok(conversation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_no_lack_of_workers() {
        let taken =
            "nothing within 5s of what is expected; last came `433 * z :Nickname already in use`";
        let of = advice(9, 1, taken);
        assert!(of.what.contains("does not let another client in"), "{of:?}");
        assert!(of.seen.contains("433"), "{of:?}");
        assert!(of.change.contains("[exchange]"), "{of:?}");
        assert_eq!(
            advice(9, 1, "nothing within 5s").what,
            "it serves one client at a time"
        );
    }
}
