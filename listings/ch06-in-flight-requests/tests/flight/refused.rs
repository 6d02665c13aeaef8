//! What a client sends that the server answers no more, and what is said of its connection.

use ch06_in_flight_requests::client::Version;
use lab::client::Options;
use lab::log::want;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::bench::{BY_GENERATION, Bench};
use super::room::{Stream, ask, connect, frame, hello, say, window};

const DATA: u8 = 0;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const SECOND: tokio::time::Duration = tokio::time::Duration::from_secs(1);

/// The next frame: its kind, flags and payload.
async fn next(stream: &mut Stream) -> (u8, u8, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await.unwrap();
    (head[3], head[4], payload)
}

/// Reads until the last GOAWAY, and answers what is to be answered.
async fn last_goaway(stream: &mut Stream) {
    let mut goaways = 0;
    while goaways < 2 {
        match next(stream).await {
            (SETTINGS, 0, _) => say(stream, &frame(SETTINGS, ACK, 0, &[])).await,
            (PING, 0, payload) => say(stream, &frame(PING, ACK, 0, &payload)).await,
            (GOAWAY, ..) => goaways += 1,
            _ => {}
        }
    }
}

/// The second GOAWAY names the last stream that is answered. What a client opens behind it is owed nothing
/// (RFC 9113, section 6.8): the connection has drained as soon as the others have their answers.
#[tokio::test(start_paused = true)]
async fn a_stream_behind_the_last_goaway_is_owed_nothing() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut stream = connect(&bench, Version::Http2).await;
    say(&mut stream, &[hello(100), ask(1, 1000)].concat()).await;
    while next(&mut stream).await.0 != DATA {}
    bench.rotate();
    last_goaway(&mut stream).await;
    say(&mut stream, &[ask(3, 10), window(1, 1000)].concat()).await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() >= 900, "{} bytes", rest.len());
    drop(stream);
    bench.closed(1, "drained").await;
}

/// The control: what it opens before that is answered, and without its answer the connection was cut.
#[tokio::test(start_paused = true)]
async fn a_stream_before_the_last_goaway_is_owed_its_answer() {
    let mut bench = Bench::new(BY_GENERATION);
    let mut stream = connect(&bench, Version::Http2).await;
    say(
        &mut stream,
        &[hello(100), ask(1, 1000), ask(3, 1000)].concat(),
    )
    .await;
    while next(&mut stream).await.0 != DATA {}
    bench.rotate();
    last_goaway(&mut stream).await;
    say(&mut stream, &window(1, 1000)).await;
    tokio::time::sleep(SECOND).await;
    drop(stream);
    bench.closed(1, "cut").await;
}

/// A client may ask for more bytes than a counter holds. What it has had before does not pay for it.
#[tokio::test(start_paused = true)]
async fn an_answer_without_an_end_is_owed_to_the_last_byte() {
    let bench = Bench::new(BY_GENERATION);
    let mut stream = connect(&bench, Version::Http1).await;
    for bytes in [10, u64::MAX] {
        let request = format!("GET /bytes/{bytes} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        say(&mut stream, request.as_bytes()).await;
        stream.read_exact(&mut [0; 60]).await.unwrap();
    }
    drop(stream);
    bench.closed(1, "cut").await;
}

/// The server ends such a connection itself, with an error: its client was not done.
#[tokio::test(start_paused = true)]
async fn a_client_that_the_server_refuses_to_go_on_with_was_cut() {
    let resets = (0..100u16).flat_map(|number| {
        let stream = 2 * number + 1;
        [ask(stream, 1), frame(RESET, 0, stream, &[0, 0, 0, 8])].concat()
    });
    let hello = hello(100);
    for (version, said, what) in [
        (
            Version::Http2,
            [hello.clone(), resets.collect()].concat(),
            "it cancels a hundred requests at once",
        ),
        (
            Version::Http2,
            [hello.clone(), frame(PING, 0, 0, b"short")].concat(),
            "a ping that is too short",
        ),
        (
            Version::Http2,
            [hello.clone(), frame(DATA, 0, 0, b"body")].concat(),
            "a body of nothing",
        ),
        (
            Version::Http1,
            b"GET /bytes/1 HTTP/1.1\r\nno field\r\n\r\n".to_vec(),
            "a head that does not parse",
        ),
        (
            Version::Http1,
            [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'x'; 200_000]].concat(),
            "a head that is too long",
        ),
    ] {
        let bench = Bench::new(BY_GENERATION);
        let (mut read, mut write) = tokio::io::split(connect(&bench, version).await);
        // Where the server has closed it by then, this fails.
        let saying = tokio::spawn(async move {
            let _ = write.write_all(&said).await;
            let _ = write.flush().await;
            write
        });
        let _ = read.read_to_end(&mut Vec::new()).await;
        drop((read, saying.await.unwrap()));
        let closed = bench
            .log
            .wait_for(&want("connection_closed"), lab::BOUND)
            .await;
        assert_eq!(closed.text("why").as_deref(), Some("cut"), "{what}");
    }
}

/// TLS has words of its own for that. A client that changes its keys (RFC 9846, section 4.7.3) again and again
/// makes the server work, and gives it nothing to do: rustls ends such a connection.
#[tokio::test(start_paused = true)]
async fn a_client_that_tls_refuses_to_go_on_with_was_cut() {
    let hello = hello(100);
    for (version, said) in [
        (
            Some(Version::Http1),
            &b"GET /bytes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        ),
        (Some(Version::Http2), &hello),
        (None, &[0, 0, 0, 1]),
    ] {
        let bench = Bench::new(BY_GENERATION);
        let mut stream = match version {
            Some(version) => connect(&bench, version).await,
            None => {
                let config = lab::client::config(bench.agent.root_pem(), Options::default());
                bench
                    .open(&bench.client((*config.unwrap()).clone()))
                    .await
                    .0
            }
        };
        // Until the server answers, its handshake may not be complete.
        say(&mut stream, said).await;
        stream.read_exact(&mut [0]).await.unwrap();
        for _ in 0..1000 {
            // Once the server has closed it, this fails.
            if stream.get_mut().1.refresh_traffic_keys().is_err() || stream.flush().await.is_err() {
                break;
            }
        }
        let _ = stream.read_to_end(&mut Vec::new()).await;
        drop(stream);
        let closed = bench
            .log
            .wait_for(&want("connection_closed"), lab::BOUND)
            .await;
        assert_eq!(closed.text("why").as_deref(), Some("cut"), "{version:?}");
    }
}
