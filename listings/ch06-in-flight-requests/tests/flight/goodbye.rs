//! The last words of each side, and what is said of a connection that breaks before them.

use ch06_in_flight_requests::client::Version;
use lab::client::Options;
use lab::log::want;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::bench::{BY_GENERATION, Bench, GRACE};
use super::room::{ask, connect, hello};

/// The server reads no body. If it went on, it would take what comes of it for the next request.
#[tokio::test(start_paused = true)]
async fn a_request_with_a_body_is_the_last_of_its_connection() {
    let bench = Bench::new(BY_GENERATION);
    let mut stream = connect(&bench, Version::Http1).await;
    let head = "POST /bytes/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n";
    let request = [head, &"x".repeat(40)].concat();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
}

/// It was the client that asked for the end. It still has the time to read what was sent.
#[tokio::test(start_paused = true)]
async fn a_client_that_asked_for_the_end_is_waited_for() {
    let bench = Bench::new(BY_GENERATION);
    let mut stream = connect(&bench, Version::Http1).await;
    let request = "GET /bytes/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    tokio::time::sleep(GRACE / 2).await;
    bench.log.assert_none(&want("connection_closed"));
    drop(stream);
    bench.closed(1, "client_closed").await;
}

/// The lab's protocol has no words for it, and TLS has: without `close_notify` a client cannot tell the
/// end from a cut (RFC 9846, section 6.1).
#[tokio::test(start_paused = true)]
async fn the_server_says_goodbye_in_its_turn() {
    let bench = Bench::new(BY_GENERATION);
    let config = lab::client::config(bench.agent.root_pem(), Options::default()).unwrap();
    let client = bench.client((*config).clone());
    let (mut stream, _) = bench.open(&client).await;
    stream.shutdown().await.unwrap();
    let end = stream.read_to_end(&mut Vec::new()).await;
    assert_eq!(end.expect("it was cut"), 0);
}

/// It broke in the middle of its answer, be it asked to leave or not: nobody was done, it was not drained,
/// and it did not meet the deadline.
#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_was_cut() {
    let http1 = b"GET /bytes/1000000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let http2 = [hello(0x00ff_ffff), ask(1, 1_000_000)].concat();
    for (version, said, asked) in [
        (Version::Http1, &http1[..], true),
        (Version::Http2, &http2, true),
        (Version::Http1, &http1[..], false),
        (Version::Http2, &http2, false),
    ] {
        let mut bench = Bench::new(BY_GENERATION);
        let mut stream = connect(&bench, version).await;
        stream.write_all(said).await.unwrap();
        stream.flush().await.unwrap();
        stream.read_exact(&mut [0; 100]).await.unwrap();
        if asked {
            bench.rotate();
            bench.drain_started(1).await;
            tokio::time::sleep(GRACE / 2).await;
        }
        drop(stream);
        bench.closed(1, "cut").await;
    }
}
