//! What a client has begun, and does not finish.

use ch06_in_flight_requests::client::{self, Version};
use ch06_in_flight_requests::head::HEAD_BOUND;
use lab::client::Options;
use lab::log::want;
use lab::wire::REQUEST_BOUND;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Duration, Instant, sleep};
use tokio_rustls::client::TlsStream;

use super::age::BY_AGE;
use super::bench::Bench;

const SECOND: Duration = Duration::from_secs(1);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// A block of no fields, which does not end its headers.
const HEADERS: &[u8] = &[0, 0, 0, 1, 0, 0, 0, 0, 1];
/// One field more, `accept`, and its headers do not end either.
const CONTINUATION: &[u8] = &[0, 0, 1, 9, 0, 0, 0, 0, 1, 0x93];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

async fn connect(bench: &Bench, version: Version) -> TlsStream<DuplexStream> {
    let config = client::config(bench.agent.root_pem(), version, Options::default());
    bench.open(&bench.client(config.unwrap())).await.0
}

/// A connection that says nothing may stay. One that begins a request and does not end it is cut: it
/// would hold its place until it is due, and a thousand of them all places.
#[tokio::test(start_paused = true)]
async fn half_a_request_is_waited_for_so_long() {
    let bench = Bench::new(BY_AGE);
    let mut idle = bench.http(Version::Http1).await;
    idle.get(1).await.unwrap();
    let mut half = connect(&bench, Version::Http1).await;
    let start = Instant::now();
    half.write_all(b"GET /bytes/1 HTTP/1.1\r\nHo")
        .await
        .unwrap();
    // It goes on, byte by byte, and that does not help it.
    sleep(HEAD_BOUND / 2).await;
    half.write_all(b"s").await.unwrap();
    bench.closed(1, "cut").await;
    assert_eq!(start.elapsed().as_secs(), HEAD_BOUND.as_secs());
    sleep(HEAD_BOUND * 4).await;
    idle.get(1).await.expect("an idle connection was closed");

    // The control: a request that ends in time, in two parts.
    let mut whole = connect(&bench, Version::Http1).await;
    whole
        .write_all(b"GET /bytes/1 HTTP/1.1\r\nHo")
        .await
        .unwrap();
    sleep(HEAD_BOUND - SECOND).await;
    whole.write_all(b"st: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    whole.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// Each line has an end, and the head has not.
#[tokio::test(start_paused = true)]
async fn a_head_that_goes_on_line_by_line_is_waited_for_so_long() {
    let bench = Bench::new(BY_AGE);
    let mut half = connect(&bench, Version::Http1).await;
    let start = Instant::now();
    half.write_all(b"GET /bytes/1 HTTP/1.1\r\n").await.unwrap();
    sleep(HEAD_BOUND / 2).await;
    half.write_all(b"Host: localhost\r\n").await.unwrap();
    bench.closed(1, "cut").await;
    assert_eq!(start.elapsed().as_secs(), HEAD_BOUND.as_secs());
}

/// The server has both before it looks at the first.
#[tokio::test(start_paused = true)]
async fn half_a_request_that_came_with_a_whole_one_is_waited_for_so_long() {
    let bench = Bench::new(BY_AGE);
    let mut half = connect(&bench, Version::Http1).await;
    let start = Instant::now();
    half.write_all(b"GET /bytes/1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /byte")
        .await
        .unwrap();
    half.flush().await.unwrap();
    sleep(HEAD_BOUND / 2).await;
    bench.log.assert_none(&want("connection_closed"));
    bench.closed(1, "cut").await;
    assert_eq!(start.elapsed().as_secs(), HEAD_BOUND.as_secs());

    // The controls: the other half comes in time, and what is no request is none.
    let mut whole = connect(&bench, Version::Http1).await;
    for part in [
        "\r\nGET /bytes/1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /byte",
        "es/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\n\r\n\r\n",
    ] {
        whole.write_all(part.as_bytes()).await.unwrap();
        whole.flush().await.unwrap();
        sleep(HEAD_BOUND - SECOND).await;
    }
    sleep(HEAD_BOUND * 2).await;
    let closed = bench.log.all(&want("connection_closed"));
    assert_eq!(closed.len(), 1, "{closed:?}");
}

/// Half a body, and an answer that is read slowly: nothing of the client is waited for.
#[tokio::test(start_paused = true)]
async fn what_comes_after_the_last_request_is_not_waited_for() {
    let bench = Bench::new(BY_AGE);
    let mut stream = connect(&bench, Version::Http1).await;
    let request =
        b"POST /bytes/1048576 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf";
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    let (mut block, mut received) = (vec![0; 16 << 10], 0);
    while received < 1 << 20 {
        sleep(SECOND).await;
        let read = stream.read(&mut block).await.unwrap();
        assert!(read > 0, "closed after {received} bytes");
        received += read;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_client_of_http2_begins_is_waited_for_so_long() {
    let bench = Bench::new(BY_AGE);
    let mut idle = bench.http(Version::Http2).await;
    for (said, what) in [
        (&[][..], "nothing"),
        (&[&PREFACE[..17]], "half a preface"),
        (&[PREFACE], "a preface without settings"),
        (&[PREFACE, &SETTINGS[..5]], "half of its settings"),
        (&[PREFACE, SETTINGS, &[0]], "a byte of a frame"),
        (&[PREFACE, SETTINGS, &PING[..8]], "most of a frame's head"),
        (&[PREFACE, SETTINGS, &PING[..9]], "a frame's head"),
        (&[PREFACE, SETTINGS, &PING[..16]], "all but a byte"),
        (&[PREFACE, SETTINGS, PING, &PING[..3]], "half the second"),
        (&[PREFACE, SETTINGS, HEADERS], "half a field block"),
        (&[PREFACE, SETTINGS, HEADERS, CONTINUATION], "more of it"),
    ] {
        let mut half = connect(&bench, Version::Http2).await;
        half.write_all(&said.concat()).await.unwrap();
        half.flush().await.unwrap();
        let closed = want("connection_closed").with("why", "cut");
        let before = bench.log.all(&closed).len();
        sleep(HEAD_BOUND - SECOND).await;
        assert_eq!(bench.log.all(&closed).len(), before, "{what}: too early");
        sleep(2 * SECOND).await;
        assert_eq!(bench.log.all(&closed).len(), before + 1, "{what}: held");
    }
    sleep(HEAD_BOUND * 4).await;
    idle.get(1).await.expect("an idle connection was closed");
}

/// A byte from time to time, or a frame that goes on with the last, does not help.
#[tokio::test(start_paused = true)]
async fn a_client_that_goes_on_for_ever_is_not_waited_for() {
    let bench = Bench::new(BY_AGE);
    let byte_by_byte = PREFACE.chunks(1).collect::<Vec<_>>();
    let endless = [&[PREFACE, SETTINGS, HEADERS][..], &[CONTINUATION; 24]].concat();
    for (nth, said) in [byte_by_byte, endless].iter().enumerate() {
        let closed = want("connection_closed").with("why", "cut");
        let (start, mut slow) = (Instant::now(), connect(&bench, Version::Http2).await);
        for part in said {
            // Where it is cut, this fails.
            let _ = slow.write_all(part).await;
            let _ = slow.flush().await;
            sleep(7 * SECOND).await;
            let late = start.elapsed() > HEAD_BOUND + 21 * SECOND;
            assert!(!late || bench.log.all(&closed).len() > nth, "it is held");
        }
    }
}

/// The control: each frame is finished in time, and between them the client says nothing for long.
#[tokio::test(start_paused = true)]
async fn a_client_of_http2_that_ends_what_it_begins_may_take_its_time() {
    let bench = Bench::new(BY_AGE);
    let mut slow = connect(&bench, Version::Http2).await;
    let almost = HEAD_BOUND - SECOND;
    slow.write_all(PREFACE).await.unwrap();
    sleep(almost).await;
    slow.write_all(SETTINGS).await.unwrap();
    for _ in 0..5 {
        sleep(2 * HEAD_BOUND).await;
        slow.write_all(&PING[..9]).await.unwrap();
        sleep(almost).await;
        // The end of one, and at once the beginning of the next: it has a time of its own.
        slow.write_all(&[&PING[9..], &PING[..1]].concat())
            .await
            .unwrap();
        sleep(almost).await;
        slow.write_all(&PING[1..]).await.unwrap();
        slow.flush().await.unwrap();
    }
    bench.log.assert_none(&want("connection_closed"));
}

/// A client asks for more before the answer is there, as HTTP/1.1 allows (RFC 9112, section 9.3.2), and takes
/// long to read. Its second request waits for the server, and not the server for it.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_behind_an_answer_is_not_late() {
    let bench = Bench::new(BY_AGE);
    let mut stream = connect(&bench, Version::Http1).await;
    let request = |bytes: usize| format!("GET /bytes/{bytes} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let large = 1 << 20;
    stream.write_all(request(large).as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut block = vec![0; 16 << 10];
    let mut received = stream.read(&mut block).await.unwrap();
    stream.write_all(request(1000).as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    while received < large + 1000 {
        sleep(SECOND).await;
        let read = stream.read(&mut block).await.unwrap();
        assert!(read > 0, "closed after {received} bytes");
        received += read;
    }
    bench.log.assert_none(&want("connection_closed"));
}

/// The lab's protocol, too: a length has four bytes.
#[tokio::test(start_paused = true)]
async fn half_a_length_is_waited_for_so_long() {
    let bench = Bench::new(BY_AGE);
    let mut idle = bench.bare().await;
    let config = lab::client::config(bench.agent.root_pem(), Options::default()).unwrap();
    let client = bench.client((*config).clone());
    let (mut half, _) = bench.open(&client).await;
    half.write_all(&[0, 0]).await.unwrap();
    half.flush().await.unwrap();
    sleep(REQUEST_BOUND - SECOND).await;
    half.write_all(&[0]).await.unwrap();
    bench.log.assert_none(&want("connection_closed"));
    sleep(2 * SECOND).await;
    bench.closed(1, "cut").await;
    idle.pull(1).await.expect("an idle connection was closed");
}
