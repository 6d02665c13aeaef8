//! A request that has begun must come to its end.
//!
//! hyper has a bound for that (`header_read_timeout`), which does nothing without a timer, and with
//! one closes idle connections as well: a request that is on its way just then would be lost. Here
//! an idle connection may stay until it is due, and only half a request may not.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long the head of a request may take from its first byte to its last.
pub const HEAD_BOUND: Duration = Duration::from_secs(30);

/// Since when a connection has been reading a head, if it has. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head(Arc<watch::Sender<Option<Instant>>>);

impl Head {
    /// The head is complete.
    pub(crate) fn complete(&self) {
        self.0.send_if_modified(|since| since.take().is_some());
    }

    // ANCHOR: overdue
    /// Waits until a head has taken too long. For ever where none does.
    pub(crate) async fn overdue(&self) {
        let mut since = self.0.subscribe();
        loop {
            let began = *since.borrow_and_update();
            let overdue = async {
                match began {
                    Some(began) => sleep_until(began + HEAD_BOUND).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = overdue => return,
                // The sender lives as long as this does.
                _ = since.changed() => {}
            }
        }
    }
    // ANCHOR_END: overdue

    fn came(&self) {
        self.0.send_if_modified(|since| {
            let begins = since.is_none();
            since.get_or_insert_with(Instant::now);
            begins
        });
    }
}

/// A stream whose bytes, as they come, are a head until that is said to be complete.
#[derive(Debug)]
pub(crate) struct Reading<S> {
    pub(crate) stream: S,
    pub(crate) head: Head,
    /// With HTTP/2: how many bytes of its preface are still to come. The rest is hyper's to count.
    pub(crate) preface: Option<usize>,
}

/// What a client of HTTP/2 sends before all else, in bytes (RFC 9113, section 3.4).
const PREFACE: usize = 24;

impl<S> Reading<S> {
    pub(crate) fn http1(stream: S, head: Head) -> Self {
        let preface = None;
        Self {
            stream,
            head,
            preface,
        }
    }

    /// A client begins with its preface, so the wait begins at once.
    pub(crate) fn http2(stream: S, head: Head) -> Self {
        head.came();
        let preface = Some(PREFACE);
        Self {
            stream,
            head,
            preface,
        }
    }

    fn came(&mut self, bytes: usize) {
        match &mut self.preface {
            None => self.head.came(),
            Some(left) => {
                *left = left.saturating_sub(bytes);
                if *left == 0 {
                    self.head.complete();
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Reading<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        if came > 0 {
            self.came(came);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Reading<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
