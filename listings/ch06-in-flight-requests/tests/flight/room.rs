//! A client that asks, and leaves no room for its answer, holds no place forever.

use ch06_in_flight_requests::client::{self, Version};
use lab::client::Options;
use lab::log::want;
use lab::wire::{BLOCK, ROOM_BOUND};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, WriteHalf, split};
use tokio::time::{Duration, sleep};
use tokio_rustls::client::TlsStream;

use super::age::BY_AGE;
use super::bench::Bench;

pub type Stream = TlsStream<DuplexStream>;

const SECOND: Duration = Duration::from_secs(1);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

pub async fn connect(bench: &Bench, version: Version) -> Stream {
    let config = client::config(bench.agent.root_pem(), version, Options::default());
    bench.open(&bench.client(config.unwrap())).await.0
}

pub async fn say(stream: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) {
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
}

/// A frame of these bytes.
pub fn frame(kind: u8, flags: u8, stream: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = stream.to_be_bytes();
    let head = [0, 0, payload.len() as u8, kind, flags, 0, 0, high, low];
    [&head, payload].concat()
}

/// The preface, and settings by which each stream begins with this window.
pub fn hello(window: u32) -> Vec<u8> {
    let setting = [&[0, 4][..], &window.to_be_bytes()].concat();
    [PREFACE, &frame(4, 0, 0, &setting)].concat()
}

/// A whole request for so many bytes.
pub fn ask(stream: u16, bytes: usize) -> Vec<u8> {
    let path = format!("/bytes/{bytes}");
    // GET, https, a path and an authority, as HPACK writes them (RFC 7541, appendix A).
    let fields = [
        &[0x82, 0x87, 0x04, path.len() as u8][..],
        path.as_bytes(),
        b"\x41\x09localhost",
    ];
    frame(1, 5, stream, &fields.concat())
}

/// So much more may be sent.
pub fn window(stream: u16, more: u32) -> Vec<u8> {
    frame(8, 0, stream, &more.to_be_bytes())
}

/// Reads all that comes, for as long as the connection lives.
fn reading(stream: Stream) -> WriteHalf<Stream> {
    let (mut read, write) = split(stream);
    tokio::spawn(async move {
        let mut block = vec![0; BLOCK];
        while matches!(read.read(&mut block).await, Ok(1..)) {}
    });
    write
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_http1_that_is_not_read_is_given_up() {
    let bench = Bench::new(BY_AGE);
    let mut stream = connect(&bench, Version::Http1).await;
    let request = format!(
        "GET /bytes/{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        8 * BLOCK
    );
    say(&mut stream, request.as_bytes()).await;
    sleep(ROOM_BOUND - SECOND).await;
    bench.log.assert_none(&want("connection_closed"));
    sleep(2 * SECOND).await;
    bench.closed(1, "cut").await;
}

/// The control: it reads a block now and then, and gets all.
#[tokio::test(start_paused = true)]
async fn an_answer_of_http1_that_is_read_slowly_is_not_given_up() {
    let bench = Bench::new(BY_AGE);
    let mut stream = connect(&bench, Version::Http1).await;
    let size = 8 * BLOCK;
    let request = format!("GET /bytes/{size} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    say(&mut stream, request.as_bytes()).await;
    let (mut block, mut received) = (vec![0; BLOCK], 0);
    while received < size {
        // A record waits below TLS, and one within it: the next finds room when both are gone.
        sleep(ROOM_BOUND / 2 - SECOND).await;
        let mut left = BLOCK;
        while left > 0 && received < size {
            let read = stream.read(&mut block[..left]).await.unwrap();
            assert!(read > 0, "closed after {received} bytes");
            (received, left) = (received + read, left - read);
        }
    }
    bench.log.assert_none(&want("connection_closed"));
}

/// With HTTP/2 the client of some of these reads all that comes, and lets no body come.
#[tokio::test(start_paused = true)]
async fn an_answer_of_http2_that_finds_no_room_is_given_up() {
    let bench = Bench::new(BY_AGE);
    let wide = 0x00ff_ffff;
    for (reads, said, what) in [
        (
            false,
            [hello(wide), ask(1, 8 * BLOCK)].concat(),
            "it reads nothing",
        ),
        (true, [hello(0), ask(1, 1)].concat(), "its window is shut"),
        (
            true,
            [hello(10), ask(1, 100)].concat(),
            "a rest is kept back",
        ),
        (
            true,
            [hello(100), ask(1, 100), ask(3, 101)].concat(),
            "one is answered, another is not",
        ),
        (
            true,
            [hello(wide), ask(1, 1 << 20)].concat(),
            "its connection has no window",
        ),
    ] {
        let mut stream = connect(&bench, Version::Http2).await;
        say(&mut stream, &said).await;
        let (mut held, mut write) = (None, None);
        match reads {
            true => write = Some(reading(stream)),
            false => held = Some(stream),
        }
        let closed = want("connection_closed").with("why", "cut");
        let before = bench.log.all(&closed).len();
        for _ in 1..ROOM_BOUND.as_secs() {
            sleep(SECOND).await;
            // What else it says does not help.
            if let Some(write) = &mut write {
                say(write, PING).await;
            }
        }
        assert_eq!(bench.log.all(&closed).len(), before, "{what}: too early");
        sleep(2 * SECOND).await;
        assert_eq!(bench.log.all(&closed).len(), before + 1, "{what}: held");
        drop(held);
    }
}

/// The control: clients that let some of an answer come now and then, or do not want it any more.
#[tokio::test(start_paused = true)]
async fn an_answer_of_http2_that_finds_room_now_and_then_is_not_given_up() {
    let bench = Bench::new(BY_AGE);
    let mut slow = reading(connect(&bench, Version::Http2).await);
    say(&mut slow, &[hello(1), ask(1, 5)].concat()).await;
    let mut two = reading(connect(&bench, Version::Http2).await);
    say(&mut two, &[hello(1), ask(1, 2), ask(3, 5)].concat()).await;
    let mut gone = reading(connect(&bench, Version::Http2).await);
    let cancel = frame(3, 0, 1, &8u32.to_be_bytes());
    say(&mut gone, &[hello(0), ask(1, 5), cancel].concat()).await;
    let mut full = reading(connect(&bench, Version::Http2).await);
    say(&mut full, &[hello(5), ask(1, 5)].concat()).await;
    // Its headers end no stream; its trailers come when it has been answered.
    let mut late = reading(connect(&bench, Version::Http2).await);
    let mut open = ask(1, 1);
    open[4] = 4;
    say(&mut late, &[hello(5), open].concat()).await;
    sleep(SECOND).await;
    say(&mut late, &frame(1, 5, 1, &[])).await;
    // The last of these is one too many, and is refused.
    let mut many = reading(connect(&bench, Version::Http2).await);
    let numbers: Vec<_> = (0..=200).map(|number| 2 * number + 1).collect();
    let asked = numbers.iter().flat_map(|number| ask(*number, 1));
    say(&mut many, &[hello(0), asked.collect()].concat()).await;
    let opened = numbers.iter().flat_map(|number| window(*number, 1));
    say(&mut many, &opened.collect::<Vec<_>>()).await;
    for _ in 0..4 {
        // The first of them have waited for a second already.
        sleep(ROOM_BOUND - 2 * SECOND).await;
        say(&mut slow, &window(1, 1)).await;
        // The one stream waits, and the connection is at work on the other.
        say(&mut two, &window(3, 1)).await;
    }
    say(&mut two, &window(1, 1)).await;
    sleep(ROOM_BOUND * 4).await;
    for idle in [
        &mut slow, &mut two, &mut gone, &mut full, &mut late, &mut many,
    ] {
        say(idle, &[ask(403, 1), window(403, 1)].concat()).await;
    }
    sleep(ROOM_BOUND * 4).await;
    bench.log.assert_none(&want("connection_closed"));
}
