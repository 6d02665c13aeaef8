//! The protocol between the lab's client and every server in the book, over a bare TLS stream.
//!
//! The client sends a length, four bytes, big-endian. The server answers with that many bytes of
//! an endless known body, going on where the last answer stopped. So the client sets the pace, a
//! download can be stopped at a known byte, and each byte can be checked.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The largest block written at once, in bytes: the plaintext of one TLS record (RFC 9846,
/// section 5.1).
pub const BLOCK: usize = 16 * 1024;

/// How long a client may say nothing between two requests. One that has vanished without a word would
/// otherwise hold its connection forever.
pub const IDLE_BOUND: Duration = Duration::from_secs(600);

/// How long a request may take from its first byte to its last.
pub const REQUEST_BOUND: Duration = Duration::from_secs(30);

/// How long a client may leave no room for the next block of its answer. It may read as slowly as it likes, and
/// must not stop.
pub const ROOM_BOUND: Duration = Duration::from_secs(30);

/// After how many bytes the known body begins again.
const PERIOD: usize = 251;

/// The known body, a period longer than a block: from each offset a block of it can be taken.
static BODY: [u8; BLOCK + PERIOD] = {
    let mut bytes = [0; BLOCK + PERIOD];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = (at % PERIOD) as u8;
        at += 1;
    }
    bytes
};

/// Fills `block` with the known body from `offset` on.
///
/// The body counts from 0 to 250 and begins again. 251 is prime, so no block boundary lines up
/// with the pattern, and a lost or repeated block is seen.
pub fn body(offset: u64, block: &mut [u8]) {
    let mut from = (offset % PERIOD as u64) as usize;
    for part in block.chunks_mut(BLOCK) {
        part.copy_from_slice(&BODY[from..from + part.len()]);
        from = (from + part.len()) % PERIOD;
    }
}

/// Whether these bytes are the known body's from `offset` on.
pub fn is_body(offset: u64, bytes: &[u8]) -> bool {
    let mut from = (offset % PERIOD as u64) as usize;
    bytes.chunks(BLOCK).all(|part| {
        let right = *part == BODY[from..from + part.len()];
        from = (from + part.len()) % PERIOD;
        right
    })
}

/// Answers requests until the client closes, and returns how many bytes of body were sent.
///
/// # Errors
/// As [`serve_counting`], or when the client asks nothing for [`IDLE_BOUND`]; together with the number of
/// bytes sent until then.
pub async fn serve<S>(stream: &mut S) -> Result<u64, (u64, io::Error)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    serve_within(IDLE_BOUND, stream).await
}

/// The same for clients that may ask nothing for so long.
///
/// # Errors
/// As [`serve`], with `idle` in the place of [`IDLE_BOUND`].
pub async fn serve_within<S>(idle: Duration, stream: &mut S) -> Result<u64, (u64, io::Error)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut sent = 0;
    match converse(idle, stream, &mut sent).await {
        Ok(()) => Ok(sent),
        Err(e) => Err((sent, e)),
    }
}

/// As [`serve`], and keeps `sent` up to date, for a server that may stop in the middle. When a client that asks
/// nothing has to go is that server's to say.
///
/// # Errors
/// A client that vanishes without TLS's `close_notify`, half a request that is not finished within
/// [`REQUEST_BOUND`], an answer that is not read for [`ROOM_BOUND`], or any failed read or write.
pub async fn serve_counting<S>(stream: &mut S, sent: &mut u64) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    converse(Duration::MAX, stream, sent).await
}

async fn converse<S>(idle: Duration, stream: &mut S, sent: &mut u64) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let mut request = [0; 4];
        if timeout(idle, stream.read(&mut request[..1])).await?? == 0 {
            return Ok(());
        }
        answer(stream, &mut request, sent).await?;
    }
}

async fn answer<S>(stream: &mut S, request: &mut [u8; 4], sent: &mut u64) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    timeout(REQUEST_BOUND, stream.read_exact(&mut request[1..])).await??;
    let mut left = u32::from_be_bytes(*request) as usize;
    let mut block = [0; BLOCK];
    while left > 0 {
        let size = left.min(BLOCK);
        body(*sent, &mut block[..size]);
        timeout(ROOM_BOUND, stream.write_all(&block[..size])).await??;
        *sent += size as u64;
        left -= size;
    }
    timeout(ROOM_BOUND, stream.flush()).await?
}
