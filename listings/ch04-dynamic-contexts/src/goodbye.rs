//! The end of a stream is a goodbye, or a cut.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use openssl::ssl::ErrorCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// A stream of TLS that fails at its end, unless the other side has said goodbye with `close_notify`
/// (RFC 9846, section 6.1). OpenSSL tells one end from the other, and `read` of its crate does not: a
/// connection that was cut would be logged as one that its client has closed.
#[derive(Debug)]
pub(crate) struct Goodbye(pub(crate) SslStream<TcpStream>);

impl AsyncRead for Goodbye {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        ready!(Pin::new(&mut self.0).poll_read(context, buffer))?;
        if buffer.remaining() < room || room == 0 {
            return Poll::Ready(Ok(()));
        }
        // The end. What is asked once more says which one it is.
        let again = ready!(Pin::new(&mut self.0).poll_peek(context, &mut [0]));
        Poll::Ready(match again {
            Err(end) if end.code() == ErrorCode::ZERO_RETURN => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        })
    }
}

impl AsyncWrite for Goodbye {
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

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
