//! HEAD asks what GET would be answered with, and gets no body.

use ch06_in_flight_requests::client::Version;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::age::BY_AGE;
use super::bench::Bench;
use super::room::{connect, frame, hello};

/// So much would be sent, were it GET.
const BODY: usize = 300;

#[tokio::test(start_paused = true)]
async fn the_answer_to_head_over_http1_is_a_head() {
    let bench = Bench::new(BY_AGE);
    let mut stream = connect(&bench, Version::Http1).await;
    let head = format!("HEAD /bytes/{BODY} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let next = "GET /bytes/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(next.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let (first, second) = answers.split_once("\r\n\r\n").unwrap();
    assert!(first.contains("content-length: 300"), "{first}");
    assert!(second.starts_with("HTTP/1.1 200 OK\r\n"), "{second}");
    drop(stream);
    // Nothing is owed.
    assert_eq!(bench.closed(1, "client_closed").await, 0);
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_head_over_http2_is_a_head() {
    let bench = Bench::new(BY_AGE);
    let mut stream = connect(&bench, Version::Http2).await;
    let path = format!("/bytes/{BODY}");
    // The method is a literal (RFC 7541, section 6.2.2); the rest is as in `ask`.
    let fields = [
        b"\x02\x04HEAD\x87\x04",
        &[path.len() as u8][..],
        path.as_bytes(),
        b"\x41\x09localhost",
    ];
    let ask = frame(1, 5, 1, &fields.concat());
    stream
        .write_all(&[hello(1 << 20), ask].concat())
        .await
        .unwrap();
    stream.flush().await.unwrap();
    let flags = loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let [_, high, low, kind, flags, _, _, _, number] = head;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut payload).await.unwrap();
        if (kind, number) == (1, 1) {
            break flags;
        }
    };
    assert_eq!(flags & 1, 1, "a body follows");
    stream.shutdown().await.unwrap();
    drop(stream);
    assert_eq!(bench.closed(1, "client_closed").await, 0);
}
