//! GOAWAY, read from the wire frame by frame (RFC 9113, sections 4.1 and 6.8).

use ch06_in_flight_requests::client::{self, Version};
use lab::client::Options;
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
