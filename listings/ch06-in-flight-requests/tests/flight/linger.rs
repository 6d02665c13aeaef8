//! The end of a connection: what was sent arrives, and no client holds the end up forever.

use ch06_in_flight_requests::Retirement;
use ch06_in_flight_requests::client::{self, Version};
use lab::client::Options;
use lab::log::want;
use lab::wire;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant};

use super::bench::{BY_GENERATION, Bench, GRACE};

const REQUEST: &[u8] = b"GET /bytes/1000 HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn ends_whole(answer: &[u8]) {
    let mut body = [0; 1000];
    wire::body(0, &mut body);
    assert!(answer.ends_with(&body), "{} bytes", answer.len());
}

/// Over TCP, because memory has no resets. This client still sends while it reads, as those of
/// HTTP/2 do. A server that closes its socket when all is written resets the connection, and the
/// client's read fails with what is still on its way.
#[tokio::test]
async fn a_client_that_still_sends_receives_all_that_was_sent() {
    let bench = Bench::new(BY_GENERATION);
    let config = client::config(bench.agent.root_pem(), Version::Http1, Options::default());
    let client = bench.client(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap());
    let (tcp, accepted) = tokio::join!(tcp, listener.accept());
    tokio::spawn(bench.server.clone().connection(accepted.unwrap().0));
    let (mut stream, _) = client.handshake(tcp.unwrap()).await.unwrap();
    let size = 4 << 20;
    let request = format!("GET /bytes/{size} HTTP/1.1\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = 0;
    let mut block = [0; wire::BLOCK];
    loop {
        // The server may be gone. What matters is what it has sent.
        let _ = stream.write_all(b"x").await;
        let _ = stream.flush().await;
        match stream.read(&mut block).await {
            Ok(0) => break,
            Ok(read) => received += read,
            Err(error) => panic!("{error} after {received} bytes"),
        }
    }
    assert!(received > size, "{received}");
    drop(stream);
    assert_eq!(bench.closed(1, "client_closed").await, size as u64);
}

/// An answer with `Connection: close`, and a client that takes its time with it.
async fn asked_and_answered(close_after: Duration, end: &str) {
    let mut bench = Bench::new(BY_GENERATION);
    let config = client::config(bench.agent.root_pem(), Version::Http1, Options::default());
    let (mut stream, _) = bench.open(&bench.client(config.unwrap())).await;
    bench.rotate();
    bench.drain_started(1).await;
    let asked = Instant::now();
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    ends_whole(&answer);
    tokio::time::sleep(close_after).await;
    bench.log.assert_none(&want("connection_closed"));
    // Nobody resets what the client still sends.
    stream.write_all(b"x").await.unwrap();
    stream.flush().await.unwrap();
    if end == "drained" {
        drop(stream);
    }
    assert_eq!(bench.closed(1, end).await, 1000);
    let until = if end == "drained" { close_after } else { GRACE };
    assert_eq!(asked.elapsed().as_secs(), until.as_secs());
}

#[tokio::test(start_paused = true)]
async fn the_server_waits_for_the_client_to_close() {
    asked_and_answered(GRACE / 2, "drained").await;
}

#[tokio::test(start_paused = true)]
async fn the_server_waits_no_longer_than_the_deadline() {
    asked_and_answered(GRACE / 2, "deadline").await;
}

/// The client says goodbye, and reads nothing: not the answer, and not the server's goodbye, for
/// which there is no room in the buffer. With one of these sizes the answer just fits.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_goodbye_and_does_not_read_is_not_waited_for_beyond_grace() {
    for size in (3560u32..3680).step_by(4) {
        let bench = Bench::new(Retirement {
            max_age: Duration::from_secs(60),
            ..BY_GENERATION
        });
        let config = lab::client::config(bench.agent.root_pem(), Options::default()).unwrap();
        let client = bench.client((*config).clone());
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(bench.server.clone().connection(theirs));
        let (mut stream, _) = client.handshake(ours).await.unwrap();
        stream.write_all(&size.to_be_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_secs(60) + 2 * GRACE).await;
        let closed = bench.log.all(&want("connection_closed"));
        assert_eq!(closed.len(), 1, "{size} bytes: open beyond the deadline");
        assert_eq!(bench.server.held().count(1..=1), 0);
    }
}
