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
use lab::authority::{Authority, LeafRequest};
use lab::client::{Client, Options, config};
use rustls::{ClientConnection, ServerConfig};
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
    server.publish(next.clone()).await;
    let began = Instant::now();
    let after = shown(&server, &client).await;
    if after.as_deref() == Some("1001") {
        sleep(HOUR).await;
        let later = shown(&server, &client).await;
        assert!(
            later.as_deref() != Some("1002"),
            "`publish` had returned, and the client that came next was shown 1001 in place of 1002. A task or a queue puts the configuration in its place some time later, and the caller of `publish` believes that it is there. To replace a pointer takes no \
             time: do it before you return."
        );
    }
    assert!(
        began.elapsed() < Duration::from_millis(10) || after.as_deref() == Some("1001"),
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
    another_server_serves_its_own(&first, next, &client).await;
    what_is_no_handshake_is_an_error(&server).await;
    all_that_was_published_counts(first.clone()).await;
    what_was_replaced_is_let_go(&server, &first).await;
}

/// One process has several servers, with a certificate each.
async fn another_server_serves_its_own(
    first: &Arc<ServerConfig>,
    next: Arc<ServerConfig>,
    client: &Client,
) {
    let [server, other] = [(); 2].map(|()| Server::new(first.clone()));
    other.publish(next).await;
    let shown = shown(&server, client).await;
    assert!(
        shown.as_deref() == Some("1001"),
        "One server serves 1001. Another one was made in the same process, and 1002 was published there. A client of the first was shown {}. What is current belongs into `Server`: a `static` is one for all.",
        shown.unwrap_or("nothing".into())
    );
}

/// What is shown is a part of a configuration, and what is asked of clients is another.
async fn all_that_was_published_counts(first: Arc<ServerConfig>) {
    let server = Server::new(first);
    let mut authority = Authority::new().unwrap();
    let own = authority.issue(&LeafRequest::new("localhost")).unwrap();
    let next = lab::mutual::config(&own, authority.root_pem()).unwrap();
    server.publish(next).await;
    let nameless = Client::new(authority.root_pem(), "localhost", Options::default()).unwrap();
    let (near, far) = duplex(64 * 1024);
    let both = async { tokio::join!(nameless.handshake(near), accepting(&server, far)) };
    let accepted = timeout(HOUR, both)
        .await
        .map(|(_, accepted)| accepted.is_ok());
    assert!(
        accepted != Ok(true),
        "A configuration was published that asks each client for a certificate, and a client without one was let in. Its certificate is shown from now on, and the rest is that of the configuration before: a `ServerConfig` is what is shown and what is asked. \
         Replace it as a whole."
    );
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

/// The caller of `accept` learns that there was no handshake.
async fn what_is_no_handshake_is_an_error(server: &Server) {
    let (mut near, far) = duplex(64 * 1024);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let accepted = timeout(HOUR, spawned(accepting(server, far))).await;
    assert!(
        matches!(accepted, Ok(Some(Err(_)))),
        "A client came that does not speak TLS, so there was no handshake, and `accept` {}. The caller decides what is done about that, and has to learn of it: \
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
        "A client says nothing, and `publish` took {:?}. What is served from now on is in its place at once. `publish` waits for no client, neither before the swap nor after it: handshakes in \
         progress end under the configuration that they have.",
        began.elapsed()
    );
    let ended = poll_once(waiting.as_mut()).await;
    assert!(
        ended.is_none(),
        "A client was in the middle of its handshake when 1002 was published, and its `accept` has ended. That client did nothing wrong. `publish` is about those that come from now on: a handshake in progress goes on under the configuration that it has."
    );
}

/// It has said hello, and does not take what it is sent.
async fn a_client_may_be_slow_at_each_step(server: &Server) {
    let hello = client_hello();
    let (mut slow, far) = duplex(64 * 1024);
    slow.write_all(&hello).await.unwrap();
    let mut waiting = accepting(server, far);
    assert!(poll_once(waiting.as_mut()).await.is_none());
    sleep(HOUR * 24).await;
    let early = poll_once(waiting.as_mut()).await;
    assert!(
        early.is_none(),
        "A client had said hello, and nothing else for a day, and `accept` gave up on it. A client may take as long as it likes at each step of its handshake: a limit is for the caller of `accept` to set."
    );
}

/// What a client says first.
fn client_hello() -> Vec<u8> {
    let authority = Authority::new().unwrap();
    let config = config(authority.root_pem(), Options::default()).unwrap();
    let mut client = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
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
        "While one client says nothing, 1002 was published, and another client came. It was shown {}. What is current is replaced, also while handshakes hold what was there before, and the swap does not wait for them: put another `Arc` in its place, rather than write into the one that is there.",
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
    a_client_may_be_slow_at_each_step(&server).await;
    sleep(HOUR * 24 * 7).await;
    let early = poll_once(waiting.as_mut()).await;
    assert!(
        early.is_none(),
        "A client had said nothing for a week, and `accept` gave up on it. Here, a client may take as long as it likes: a limit is for the caller of `accept` to set."
    );
    drop(waiting);
    let ended = timeout(HOUR, silent.read(&mut [0])).await;
    assert!(
        matches!(ended, Ok(Ok(0))),
        "The one who called `accept` had a limit, and dropped its future. An hour later the connection of the silent client was still open: its handshake goes on in a task of its own, which no caller can end. What `accept` has begun has to end with its future, so that each limit is one."
    );
}
