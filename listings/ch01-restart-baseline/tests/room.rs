//! A client that asks and does not read, or asks nothing, holds no place forever. The clock is virtual.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ch01_restart_baseline::{converse, converse_over, load_once};
use lab::agent::{Agent, Strategy};
use lab::client::Options;
use lab::log::want;
use lab::wire::{BLOCK, IDLE_BOUND, REQUEST_BOUND, ROOM_BOUND};
use rustls::pki_types::ServerName;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// So many bytes are on their way at most.
const ROOM: usize = BLOCK;

const ASKED: u32 = 5 * BLOCK as u32;

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_given_up() {
    let (log, _capturing) = lab::emit::capture();
    let (server, mut client) = duplex(ROOM);
    client.write_u32(ASKED).await.unwrap();
    let started = Instant::now();
    let conversation = converse_over(server, Some(1), false, "1.3");
    let ended = timeout(ROOM_BOUND * 2, conversation).await;
    assert!(ended.is_ok(), "it holds its place");
    assert_eq!(started.elapsed(), ROOM_BOUND);
    let closed = want("connection_closed").with("why", "cut");
    log.assert_order(&[closed.with("bytes", BLOCK as u64)]);
}

/// It reads a block now and then, and gets all.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_waited_for() {
    let (log, _capturing) = lab::emit::capture();
    let (server, mut client) = duplex(ROOM);
    let conversation = converse_over(server, Some(1), false, "1.3");
    let reads = async {
        client.write_u32(ASKED).await.unwrap();
        let mut block = [0; BLOCK];
        for _ in 0..ASKED as usize / BLOCK {
            sleep(ROOM_BOUND - Duration::from_secs(1)).await;
            client.read_exact(&mut block).await.expect("it is cut");
        }
        drop(client);
    };
    tokio::join!(conversation, reads);
    let closed = want("connection_closed").with("why", "client_closed");
    log.assert_order(&[closed.with("bytes", u64::from(ASKED))]);
}

/// A stream that takes what is written and passes nothing on, as one of TLS whose peer leaves no room.
struct Full(DuplexStream);

impl AsyncRead for Full {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Full {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_finds_no_room_is_given_up() {
    let (log, _capturing) = lab::emit::capture();
    let (server, client) = duplex(ROOM);
    drop(client);
    let conversation = converse_over(Full(server), Some(1), false, "1.3");
    let ended = timeout(ROOM_BOUND * 2, conversation).await;
    assert!(ended.is_ok(), "it holds its place");
    log.assert_order(&[want("connection_closed").with("why", "client_closed")]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_passed_on_is_given_up() {
    let (log, _capturing) = lab::emit::capture();
    let (server, mut client) = duplex(ROOM);
    client.write_u32(1).await.unwrap();
    let conversation = converse_over(Full(server), Some(1), false, "1.3");
    let ended = timeout(ROOM_BOUND * 2, conversation).await;
    assert!(ended.is_ok(), "it holds its place");
    log.assert_order(&[want("connection_closed").with("why", "cut")]);
}

/// It pauses after a request, and says nothing after the next.
#[tokio::test(start_paused = true)]
async fn a_client_that_asks_nothing_is_given_up() {
    let (log, _capturing) = lab::emit::capture();
    let (server, mut client) = duplex(ROOM);
    let conversation = converse_over(server, Some(1), false, "1.3");
    let asks = async {
        for pause in [IDLE_BOUND - Duration::from_secs(1), Duration::ZERO] {
            sleep(pause).await;
            client.write_u32(1).await.expect("it is cut");
            client.read_exact(&mut [0]).await.expect("it is cut");
        }
        Instant::now()
    };
    let both = async { tokio::join!(conversation, asks) };
    let ((), asked) = timeout(IDLE_BOUND * 3, both)
        .await
        .expect("it holds its place");
    assert_eq!(asked.elapsed(), IDLE_BOUND);
    let closed = want("connection_closed").with("why", "cut");
    log.assert_order(&[closed.with("bytes", 2)]);
}

/// Of an answer that is not read, one record waits in rustls, one in the stream, and one to be taken.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_read_takes_little_memory() {
    let (log, _capturing) = lab::emit::capture();
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let acceptor = TlsAcceptor::from(load_once(&files.certificate, &files.key, 1).unwrap());
    let trusts = lab::client::config(agent.root_pem(), Options::default()).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let (server, client) = duplex(ROOM);
    let asks = async {
        let mut client = TlsConnector::from(trusts)
            .connect(name, client)
            .await
            .unwrap();
        client.write_u32(20 * BLOCK as u32).await.unwrap();
        client
    };
    let (accepted, _client) = tokio::join!(acceptor.accept(server), asks);
    let conversation = converse(accepted.unwrap(), Some(1));
    let ended = timeout(ROOM_BOUND * 2, conversation).await;
    assert!(ended.is_ok(), "it holds its place");
    let closed = log.all(&want("connection_closed").with("why", "cut"));
    let bytes = closed[0].number("bytes").unwrap();
    assert!(bytes <= 2 * BLOCK as u64, "{bytes} bytes were taken");
}

/// Within a request it has less time than between two.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_finished_is_given_up() {
    let (log, _capturing) = lab::emit::capture();
    let (server, mut client) = duplex(ROOM);
    client.write_all(&[0, 0]).await.unwrap();
    let started = Instant::now();
    let conversation = converse_over(server, Some(1), false, "1.3");
    let ended = timeout(REQUEST_BOUND * 2, conversation).await;
    assert!(ended.is_ok(), "it holds its place");
    assert_eq!(started.elapsed(), REQUEST_BOUND);
    let closed = want("connection_closed").with("why", "cut");
    log.assert_order(&[closed.with("bytes", 0)]);
}
