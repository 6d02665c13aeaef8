//! A connection whose answers must find room.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use lab::wire::ROOM_BOUND;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

// ANCHOR: room
/// A stream that fails when what is written finds no room for [`ROOM_BOUND`]: the client has asked, and
/// does not read. One that reads now and then is waited for.
#[derive(Debug)]
pub(crate) struct Room<S> {
    stream: S,
    /// Runs while there is no room.
    overdue: Option<Pin<Box<Sleep>>>,
}

impl<S> Room<S> {
    pub(crate) fn of(stream: S) -> Self {
        let overdue = None;
        Self { stream, overdue }
    }

    /// What became of a write, or that it has waited for too long.
    fn within<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.overdue = None;
            return written;
        }
        let overdue = self
            .overdue
            .get_or_insert_with(|| Box::pin(sleep(ROOM_BOUND)));
        let overdue = overdue.as_mut().poll(context);
        overdue.map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}
// ANCHOR_END: room

impl<S: AsyncRead + Unpin> AsyncRead for Room<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Room<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.within(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.within(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.within(context, closed)
    }
}
