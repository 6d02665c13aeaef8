//! Connections that end at a reload, each after it has begun to be answered.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests as in_flight;
use in_flight::leave::End;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::open::open;

/// More than the tickets and the head of an answer.
const BEGUN: usize = 64 * 1024;
/// A connection over which as much was not sent in this time waits for a request, or was answered in few bytes.
const YOUNG: Duration = Duration::from_secs(1);

/// One connection, which ends at the first reload after its handshake. A handshake that is under way is let through,
/// and so is what follows it, until an answer has begun: whether a reload meets those is chance, and what is said of
/// this defect is not.
pub async fn severed(live: Arc<IdentityStore>, tcp: TcpStream) {
    let sent = Arc::new(Sent::default());
    let counted = Counted {
        stream: tcp,
        sent: sent.clone(),
    };
    let Some((stream, opened)) = open(&live, counted).await else {
        return;
    };
    let old = Instant::now() + YOUNG;
    let mut published = live.published();
    let talking = in_flight::converse(stream, std::future::pending(), Duration::ZERO);
    let reloaded = async {
        let _ = published.changed().await;
        tokio::select! {
            () = sent.enough.notified() => {}
            () = sleep_until(old) => {}
        }
    };
    let (bytes, end) = tokio::select! {
        (bytes, end) = talking => (bytes, end.word()),
        () = reloaded => (0, End::Cut.word()),
    };
    opened.closed(bytes, end);
}

/// What was sent over a connection.
#[derive(Default)]
struct Sent {
    bytes: AtomicUsize,
    /// Once an answer has begun.
    enough: Notify,
}

/// A connection whose bytes are counted as they are sent.
pub struct Counted {
    stream: TcpStream,
    sent: Arc<Sent>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        let before = self.sent.bytes.fetch_add(written, Ordering::Relaxed);
        if before + written >= BEGUN {
            self.sent.enough.notify_one();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
