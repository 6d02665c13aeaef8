//! What is wanted of `Server`. Each function is a check, and its comment says what has to hold.
//!
//! The clock is virtual: where nothing can go on, an hour passes at once.

use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ch01_restart_baseline::load_once;
use exercise_bench::poll_once;
use lab::agent::{Agent, Strategy};
use lab::client::{Client, Options};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, pause, sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::exercise::Server;

const HOUR: Duration = Duration::from_secs(3600);

/// A server with the certificate 1001, the configurations with 1001 and 1002, and a client that trusts both.
fn bench() -> (Server, [Arc<ServerConfig>; 2], Client) {
    pause();
    let directory = lab::directory().unwrap();
    let mut agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let first = load_once(&files.certificate, &files.key, 1).unwrap();
    agent.rotate().unwrap();
    let second = load_once(&files.certificate, &files.key, 2).unwrap();
    let client = Client::new(agent.root_pem(), "localhost", Options::default()).unwrap();
    (Server::new(first.clone()), [first, second], client)
}

/// A server accepts each client in a task of its own, which may move between threads: its future may hold nothing
/// that cannot.
fn accepting(server: &Server, client: DuplexStream) -> Accepting<'_> {
    Box::pin(server.accept(client))
}

type Accepting<'a> = Pin<Box<dyn Future<Output = io::Result<TlsStream<DuplexStream>>> + Send + 'a>>;

/// The serial that a new client is shown. `None` where it got no answer within an hour.
async fn shown(server: &Server, client: &Client) -> Option<String> {
    let (near, far) = duplex(64 * 1024);
    let both = async { tokio::join!(client.handshake(near), accepting(server, far)) };
    let (seen, accepted) = timeout(HOUR, both).await.ok()?;
    accepted.unwrap_or_else(|error| panic!("The server's side of a handshake failed: {error}."));
    let (_, seen) = seen.unwrap_or_else(|error| panic!("A client's handshake failed: {error}."));
    Some(seen.chain.serial)
}

/// After the swap, a new client is shown the new certificate.
pub async fn a_new_client_is_shown_the_new_certificate() {
    let (server, [first, next], client) = bench();
    let before = shown(&server, &client).await;
    assert!(
        before.as_deref() == Some("1001"),
        "Before the swap a client is shown 1001, and was shown {before:?}."
    );
    server.publish(next).await;
    let began = Instant::now();
    let after = shown(&server, &client).await;
    assert!(
        began.elapsed() < Duration::from_millis(10),
        "Client and server had all that they need, and the handshake took {:?}: `accept` sleeps. It has nothing to wait for but its client.",
        began.elapsed()
    );
    assert!(
        after.as_deref() == Some("1002"),
        "1002 was published, and a new client is still shown {}. Each `accept` has to ask what is current.",
        after.unwrap_or("nothing".into())
    );
    server.publish(first.clone()).await;
    let again = shown(&server, &client).await;
    assert!(
        again.as_deref() == Some("1001"),
        "1002 was published, and then 1001 again, as in a rollback. A new client was shown {}. Each `publish` counts, and not the first alone.",
        again.unwrap_or("nothing".into())
    );
    what_is_no_handshake_is_an_error(&server).await;
    what_was_replaced_is_let_go(&server, &first).await;
}

/// Each configuration holds a private key. A server that keeps all of them has those of a year ago in its memory.
async fn what_was_replaced_is_let_go(server: &Server, first: &Arc<ServerConfig>) {
    let another = Arc::new((**first).clone());
    let held = Arc::downgrade(&another);
    server.publish(another).await;
    // A server may keep the one before, too.
    for _ in 0..5 {
        server.publish(first.clone()).await;
    }
    assert!(
        held.upgrade().is_none(),
        "A configuration was published, and then five others in its place. No handshake is under way, and the server still holds the first of them, with its private key: it grows with each renewal. Keep what is current, and let go of \
         what it replaces: handshakes in progress have a reference of their own."
    );
}

/// Whoever calls `accept` learns that there was no handshake.
async fn what_is_no_handshake_is_an_error(server: &Server) {
    let (mut near, far) = duplex(64 * 1024);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let accepted = timeout(HOUR, spawned(accepting(server, far))).await;
    assert!(
        matches!(accepted, Ok(Some(Err(_)))),
        "A client came that does not speak TLS, so there was no handshake, and `accept` {}. Whoever calls it decides what is done about that, and has to learn of it: \
         return the error, with `?` or as it is.",
        match accepted {
            Err(_) => "had not ended an hour later",
            Ok(None) => "panicked",
            Ok(Some(_)) => "returned a connection",
        }
    );
}

/// What a future returns, or nothing where it panics.
async fn spawned<T>(mut future: Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Option<T> {
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// A client that connects and says nothing does not hold up the swap.
pub async fn a_silent_client_does_not_hold_up_the_swap() {
    let (server, [_, next], _) = bench();
    let (_silent, far) = duplex(64 * 1024);
    let mut waiting = accepting(&server, far);
    assert!(poll_once(waiting.as_mut()).await.is_none());
    let began = Instant::now();
    assert!(
        timeout(HOUR, server.publish(next)).await.is_ok(),
        "`publish` waited an hour for a client that says nothing. Its handshake holds something that the swap \
         needs. Take a reference to the configuration, let go of the rest, and only then wait for the client."
    );
    assert!(
        began.elapsed() < Duration::from_millis(10),
        "A client says nothing, and `publish` took {:?}. What is served from now on is in its place at once. Whoever calls `publish` waits for no client, neither before the swap nor after it: handshakes in \
         progress end under the configuration that they have.",
        began.elapsed()
    );
}

/// Nor does it hold up other clients, before and after the swap.
pub async fn a_silent_client_does_not_hold_up_other_clients() {
    let (server, [_, next], client) = bench();
    let (mut silent, far) = duplex(64 * 1024);
    let mut waiting = accepting(&server, far);
    assert!(poll_once(waiting.as_mut()).await.is_none());
    let mut publishing = pin!(server.publish(next));
    // One that waits keeps its place in the queue of a lock.
    let _ = timeout(HOUR, publishing.as_mut()).await;
    let after = shown(&server, &client).await;
    assert!(
        after.as_deref() == Some("1002"),
        "While one client says nothing, 1002 was published, and another client came. It was shown {}.",
        after.unwrap_or("nothing for an hour".into())
    );
    let pairs: Vec<_> = (0..2000).map(|_| duplex(64 * 1024)).collect();
    let (_silent, far): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let mut many: Vec<_> = far.into_iter().map(|far| accepting(&server, far)).collect();
    for each in &mut many {
        assert!(poll_once(each.as_mut()).await.is_none());
    }
    assert!(
        shown(&server, &client).await.is_some(),
        "Two thousand clients say nothing, and another client got no answer for an hour. As many as are let in at once, so many silent clients hold up all others."
    );
    sleep(HOUR * 24 * 7).await;
    let early = poll_once(waiting.as_mut()).await;
    assert!(
        early.is_none(),
        "A client had said nothing for a week, and `accept` gave up on it. Here, a client may take as long as it likes: a limit is for who calls `accept` to set."
    );
    drop(waiting);
    let ended = timeout(HOUR, silent.read(&mut [0])).await;
    assert!(
        matches!(ended, Ok(Ok(0))),
        "The one who called `accept` had a limit, and dropped its future. An hour later the connection of the silent client was still open: its handshake goes on in a task of its own, which nobody can end. What `accept` has begun has to end with its future, so that each limit is one."
    );
}
