//! A request that has begun must come to its end.
//!
//! hyper has a bound for that (`header_read_timeout`, 30 seconds by default), which does nothing
//! without a timer (or panics, if the program has set it), and with one closes idle connections as
//! well: a request that is on its way just then would be lost. Here an idle connection may stay until
//! it is due, and only half a request may not. The same holds for each frame of HTTP/2. What has been
//! asked for must find room: see `room`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use lab::wire::REQUEST_BOUND;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frames::Frames;
use crate::heads::Heads;
use crate::room::{self, Owed};
use crate::wait::Wait;

/// How long the head of a request, or a frame of HTTP/2, may take from its first byte to its last.
pub const HEAD_BOUND: Duration = REQUEST_BOUND;

/// What a client of HTTP may not take forever. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Waits {
    /// The rest of what it has begun to send. While it waits for an answer the server may have all of
    /// that, and not have looked at it.
    head: Wait,
    /// Set where no other request is waited for: the connection is closed after this answer.
    last: Arc<AtomicBool>,
    /// To leave room for an answer.
    room: Wait,
    /// To open a window for an answer of HTTP/2.
    window: Wait,
    /// Set where the server goes on no more with what its client sends: HTTP/2 has a GOAWAY for it, and
    /// TLS an alert.
    refused: Arc<AtomicBool>,
}

impl Waits {
    pub(crate) fn new() -> Self {
        Self {
            head: Wait::of(HEAD_BOUND),
            last: Arc::default(),
            room: room::wait(),
            window: room::wait(),
            refused: Arc::default(),
        }
    }

    /// What still comes of a client of HTTP/1.1 is no request: a body that is not read, or what came too late.
    pub(crate) fn last(&self) {
        self.last.store(true, Ordering::Relaxed);
        self.head.ended();
    }

    /// Whether a stream of HTTP/2 is without the end of its answer, and its client has not cancelled it;
    /// or the server goes on no more with what its client sends.
    pub(crate) fn broken(&self) -> bool {
        self.window.runs() || self.refused.load(Ordering::Relaxed)
    }

    /// Waits until one of them has taken too long.
    pub(crate) async fn overdue(&self) {
        tokio::select! {
            () = self.head.overdue() => {}
            () = self.room.overdue() => {}
            () = self.window.overdue() => {}
        }
    }
}

/// A stream whose bytes are followed as they come and go.
#[derive(Debug)]
pub(crate) struct Followed<S> {
    stream: S,
    waits: Waits,
    protocol: Protocol,
}

#[derive(Debug)]
enum Protocol {
    Http1(Heads),
    Http2(Frames, Box<Owed>),
}

impl<S> Followed<S> {
    pub(crate) fn http1(stream: S, waits: Waits) -> Self {
        let protocol = Protocol::Http1(Heads::default());
        Self {
            stream,
            waits,
            protocol,
        }
    }

    /// A client begins with its preface, so the wait begins at once.
    pub(crate) fn http2(stream: S, waits: Waits) -> Self {
        waits.head.began();
        let owed = Owed::new(waits.window.clone(), waits.refused.clone());
        let protocol = Protocol::Http2(Frames::of_client(), Box::new(owed));
        Self {
            stream,
            waits,
            protocol,
        }
    }

    fn came(&mut self, bytes: &[u8]) {
        let came = match &mut self.protocol {
            Protocol::Http1(_) if self.waits.last.load(Ordering::Relaxed) => return,
            Protocol::Http1(heads) => heads.came(bytes),
            Protocol::Http2(frames, owed) => frames.came(bytes, |frame| owed.came(frame)),
        };
        if came.ended {
            self.waits.head.ended();
        }
        if came.unfinished {
            self.waits.head.began();
        }
    }

    // ANCHOR: wrote
    /// So much of these slices was taken, or there is no room.
    fn wrote(&mut self, slices: &[IoSlice<'_>], written: &Poll<io::Result<usize>>) {
        self.found_room(written);
        if let (Protocol::Http2(_, owed), Poll::Ready(Ok(count))) = (&mut self.protocol, written) {
            owed.sent(slices, *count);
        }
    }

    fn found_room<T>(&self, written: &Poll<T>) {
        let room = &self.waits.room;
        match written {
            Poll::Ready(_) => room.ended(),
            Poll::Pending => {
                room.began();
                room.waits();
            }
        }
    }
    // ANCHOR_END: wrote
}

impl<S: AsyncRead + Unpin> AsyncRead for Followed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match &read {
            Poll::Pending => self.waits.head.waits(),
            Poll::Ready(read) => {
                let refused = read
                    .as_ref()
                    .is_err_and(|error| error.kind() == io::ErrorKind::InvalidData);
                self.waits.refused.fetch_or(refused, Ordering::Relaxed);
                self.came(&buffer.filled()[before..]);
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Followed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&[IoSlice::new(bytes)], &written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(slices, &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.found_room(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.found_room(&closed);
        closed
    }
}
