//! A server of HTTP/2 that drains: it takes a request, sends GOAWAY, and closes before it has answered.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a client of HTTP/2 says first (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// Length, kind, flags and stream of a frame (RFC 9113, section 4.1).
const HEAD: usize = 9;
const HEADERS: u8 = 1;
/// No setting that differs from the defaults.
const SETTINGS: [u8; HEAD] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Waits for a request, says that it is the last one that will be answered, and does not answer it: a deadline that
/// is shorter than the answer.
pub async fn drain<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) -> io::Result<()> {
    stream.write_all(&SETTINGS).await?;
    stream.read_exact(&mut [0; PREFACE]).await?;
    let request = loop {
        let mut head = [0; HEAD];
        stream.read_exact(&mut head).await?;
        let [a, b, c, kind, _, request @ ..] = head;
        let mut frame = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut frame).await?;
        if kind == HEADERS {
            break request;
        }
    };
    // GOAWAY: the last stream, and NO_ERROR (RFC 9113, section 6.8).
    let mut goaway = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    goaway.extend(request);
    goaway.extend([0; 4]);
    stream.write_all(&goaway).await?;
    stream.shutdown().await?;
    // What is unread when a socket is closed becomes a reset, which could overtake the frame.
    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
    Ok(())
}
