//! A request that has begun must come to its end.
//!
//! hyper has a bound for that (`header_read_timeout`), which does nothing without a timer, and with
//! one closes idle connections as well: a request that is on its way just then would be lost. Here
//! an idle connection may stay until it is due, and only half a request may not. The same holds for each
//! frame of HTTP/2.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lab::wire::REQUEST_BOUND;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::frames::{Came, Frames};

/// How long the head of a request, or a frame of HTTP/2, may take from its first byte to its last.
pub const HEAD_BOUND: Duration = REQUEST_BOUND;

/// What a client has begun and not finished. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head(Arc<watch::Sender<Wait>>);

/// The clock starts when the server has to wait for the rest. While the client waits for an answer the
/// server may have all of what was begun, and not have looked at it.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    begun: bool,
    until: Option<Instant>,
}

impl Head {
    /// The head is complete.
    pub(crate) fn complete(&self) {
        self.0.send_replace(Wait::default());
    }

    // ANCHOR: overdue
    /// Waits until a head has taken too long. For ever where none does.
    pub(crate) async fn overdue(&self) {
        let mut waits = self.0.subscribe();
        loop {
            let until = waits.borrow_and_update().until;
            let overdue = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = overdue => return,
                // The sender lives as long as this does.
                _ = waits.changed() => {}
            }
        }
    }
    // ANCHOR_END: overdue

    fn began(&self) {
        self.0.send_modify(|wait| wait.begun = true);
    }

    /// The server wants to read, and nothing is there.
    fn waits(&self) {
        self.0.send_if_modified(|wait| {
            let starts = wait.begun && wait.until.is_none();
            if starts {
                wait.until = Some(Instant::now() + HEAD_BOUND);
            }
            starts
        });
    }
}

/// A stream whose bytes are followed as they come.
#[derive(Debug)]
pub(crate) struct Reading<S> {
    stream: S,
    head: Head,
    /// With HTTP/2. With HTTP/1.1 all that comes is a head, until that is said to be complete.
    frames: Option<Frames>,
}

impl<S> Reading<S> {
    pub(crate) fn http1(stream: S, head: Head) -> Self {
        let frames = None;
        Self {
            stream,
            head,
            frames,
        }
    }

    /// A client begins with its preface, so the wait begins at once.
    pub(crate) fn http2(stream: S, head: Head) -> Self {
        head.began();
        let frames = Some(Frames::new());
        Self {
            stream,
            head,
            frames,
        }
    }

    fn came(&mut self, bytes: &[u8]) {
        let came = match &mut self.frames {
            Some(frames) => frames.came(bytes),
            None => Came {
                ended: false,
                unfinished: !bytes.is_empty(),
            },
        };
        if came.ended {
            self.head.complete();
        }
        if came.unfinished {
            self.head.began();
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
        match &read {
            Poll::Pending => self.head.waits(),
            Poll::Ready(_) => self.came(&buffer.filled()[before..]),
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
