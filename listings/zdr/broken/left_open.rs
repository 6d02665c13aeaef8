//! Connections that stay open at this end when their clients have closed them.

use std::io;
use std::mem;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests as in_flight;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::open::open;

/// One connection, of which a descriptor is left for this time or for good: the kernel keeps what this process has not
/// closed.
pub async fn left_open(live: Arc<IdentityStore>, tcp: TcpStream, time: Option<Duration>) {
    // Where there are no more to be had, there is nothing left to show.
    let descriptor = tcp.as_fd().try_clone_to_owned();
    let Some((stream, opened)) = open(&live, NeverShut(tcp)).await else {
        return;
    };
    let talking = in_flight::converse(stream, std::future::pending(), Duration::ZERO);
    let (bytes, end) = talking.await;
    opened.closed(bytes, end.word());
    match time {
        Some(time) => sleep(time).await,
        None => mem::forget(descriptor),
    }
}

/// A connection whose end is not told to its client.
struct NeverShut(TcpStream);

impl AsyncRead for NeverShut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for NeverShut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
