//! GOAWAY, read from the wire frame by frame (RFC 9113, sections 4.1 and 6.8).

use ch06_in_flight_requests::client::{self, Version};
use lab::client::Options;
use lab::wire;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::client::TlsStream;

use super::bench::{BY_GENERATION, Bench};

const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

async fn send(stream: &mut TlsStream<DuplexStream>, kind: u8, flags: u8, payload: &[u8]) {
    let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    stream.write_all(&frame).await.unwrap();
    stream.flush().await.unwrap();
}

/// Each GOAWAY until the server closes: the last stream that it answers, and the error code.
async fn goaways(stream: &mut TlsStream<DuplexStream>) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return found;
        }
        let (size, kind, flags) = (head[2], head[3], head[4]);
        assert_eq!(head[..2], [0, 0], "no frame here is long");
        let mut payload = vec![0; size.into()];
        stream.read_exact(&mut payload).await.unwrap();
        match (kind, flags & ACK) {
            (SETTINGS, 0) => send(stream, SETTINGS, ACK, &[]).await,
            (PING, 0) => send(stream, PING, ACK, &payload).await,
            (GOAWAY, _) => {
                let word = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
                found.push((word(0), word(4)));
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_goaway_warns_and_the_second_after_a_round_trip_is_final() {
    let mut bench = Bench::new(BY_GENERATION);
    let config = client::config(bench.agent.root_pem(), Version::Http2, Options::default());
    let client = bench.client(config.unwrap());
    let (mut stream, _) = bench.open(&client).await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    send(&mut stream, SETTINGS, 0, &[]).await;
    bench.rotate();
    let highest = (1 << 31) - 1;
    assert_eq!(goaways(&mut stream).await, [(highest, 0), (0, 0)]);
    drop(stream);
    bench.closed(1, "drained").await;
}

/// A client may open many streams, grant the greatest window to each, and read nothing. What the server
/// keeps for it is bounded for each stream, whatever the windows are.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_holds_little_of_its_answers() {
    const STREAMS: u32 = 20;
    let mut bench = Bench::new(BY_GENERATION);
    let config = client::config(bench.agent.root_pem(), Version::Http2, Options::default());
    let (mut stream, _) = bench.open(&bench.client(config.unwrap())).await;
    stream.write_all(&greedy(STREAMS)).await.unwrap();
    stream.flush().await.unwrap();
    bench.rotate();
    let sent = bench.closed(1, "deadline").await;
    // Two blocks of each answer and one that is cut into a frame, and what is on its way in TLS and the pipe.
    let most = (3 * u64::from(STREAMS) + 8) * wire::BLOCK as u64;
    assert!(sent > 0 && sent <= most, "{sent} bytes, not {most} at most");
}

/// The first bytes of such a client (RFC 9113): its settings, a window for the connection, and so many
/// requests for a gigabyte.
fn greedy(streams: u32) -> Vec<u8> {
    const WINDOW: u32 = (1 << 31) - 1;
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        [&head[..], payload].concat()
    };
    let (settings, headers, window_update) = (4, 1, 8);
    let initial_window = [&[0, 4][..], &WINDOW.to_be_bytes()].concat();
    let mut all = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    all.extend(frame(settings, 0, 0, &initial_window));
    all.extend(frame(window_update, 0, 0, &(WINDOW - 65_535).to_be_bytes()));
    // HPACK (RFC 7541): GET and https by their index, then the authority and the path as they are.
    let request = b"\x82\x87\x01\x09localhost\x04\x11/bytes/1073741824";
    let ends = 0x5;
    for number in 0..streams {
        all.extend(frame(headers, ends, 2 * number + 1, request));
    }
    all
}

/// Whether the connection of an answer can be used again (RFC 9112, section 9.3).
#[test]
fn which_answers_end_their_connection() {
    let ends = |version, connection: &str| {
        let answer = hyper::Response::builder().version(version);
        client::asks_to_leave(&answer.header("connection", connection).body(()).unwrap())
    };
    for (connection, of_1_1, of_1_0) in [
        ("close", true, true),
        ("Upgrade, CLOSE", true, true),
        ("keep-alive", false, false),
        ("Upgrade, Keep-Alive", false, false),
        ("closed", false, true),
        ("", false, true),
    ] {
        assert_eq!(
            ends(hyper::Version::HTTP_11, connection),
            of_1_1,
            "{connection}"
        );
        assert_eq!(
            ends(hyper::Version::HTTP_10, connection),
            of_1_0,
            "{connection}"
        );
    }
}
