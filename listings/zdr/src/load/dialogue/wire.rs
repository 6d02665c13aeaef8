//! Lines and lengths over a stream, and how a dialogue ends before its time.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::attempt::FailureKind;
use crate::attempt::failure::{Objection, Where};
use lab::client::Failure;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::time::timeout;

use crate::load::failure::Failed;

/// No line, and no message, of those that are asked for is longer.
const LONGEST: u64 = 64 * 1024;

/// How long it waits for the other end to take leave.
const LEAVE: Duration = Duration::from_secs(1);

/// How a dialogue ended before its time.
#[derive(Debug)]
pub enum Ended {
    /// The connection failed.
    Io(io::Error),
    /// The server said something else than what was due.
    Said(String),
}

impl Ended {
    /// The failure, of an attempt that had come so far.
    pub(crate) fn at(self, at: Where) -> Failed {
        match self {
            Self::Io(error) => Failed::of(Failure::Severed { at: 0, error }, at),
            // It answers nothing more: what was asked is lost with the connection.
            Self::Said(said) if at == Where::Kept && takes_leave(&said) => {
                Failed::new(FailureKind::Lost, said)
            }
            Self::Said(said) => Failed::new(FailureKind::Status, said),
        }
    }
}

/// Whether a server says that it closes the connection: in IMAP (RFC 9051, section 7.1.5), in SMTP (RFC 5321, section
/// 3.8), and PostgreSQL with a code of class 57, "operator intervention", of which `57P01` ends a session.
fn takes_leave(said: &str) -> bool {
    let goodbyes = [" was answered `* BYE", " was answered `421"];
    said.starts_with("57P01") || goodbyes.iter().any(|goodbye| said.contains(goodbye))
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Said(said) => f.write_str(said),
        }
    }
}

impl std::error::Error for Ended {}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Ended> for io::Error {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Io(error) => error,
            Ended::Said(said) => Self::other(Objection(said)),
        }
    }
}

/// What can be read and written, such as a connection.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {}

/// A stream that is read by lines or by lengths.
pub(super) struct Wire<S>(BufReader<S>);

impl<S: Duplex> Wire<S> {
    pub fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// The next line, without its end.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.0).take(LONGEST);
        bounded.read_until(b'\n', &mut line).await?;
        if line.pop() != Some(b'\n') {
            return Err(match line.len() as u64 + 1 >= LONGEST {
                true => io::Error::other("a line without an end"),
                false => io::ErrorKind::UnexpectedEof.into(),
            });
        }
        let line = String::from_utf8_lossy(&line);
        Ok(line.trim_end_matches('\r').to_owned())
    }

    /// The next line, without its end. As long as that has not come, `so_far` is told what has.
    pub async fn line_told(&mut self, mut so_far: impl FnMut(&str)) -> io::Result<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            if !line.is_empty() {
                so_far(&String::from_utf8_lossy(&line));
            }
            if line.len() as u64 >= LONGEST {
                return Err(io::Error::other("a line without an end"));
            }
            let read = self.0.fill_buf().await?;
            if read.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(read.len(), |at| at + 1);
            line.extend_from_slice(&read[..taken]);
            self.0.consume(taken);
        }
        line.pop();
        let line = String::from_utf8_lossy(&line);
        Ok(line.trim_end_matches('\r').to_owned())
    }

    /// The next `length` bytes.
    pub async fn bytes(&mut self, length: u64) -> io::Result<Vec<u8>> {
        if length > LONGEST {
            return Err(io::Error::other(format!("a message of {length} bytes")));
        }
        let mut bytes = vec![0; length as usize];
        self.0.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// Whether something was read that nobody has asked for.
    pub fn has_more(&self) -> bool {
        !self.0.buffer().is_empty()
    }

    /// Whether the other end has closed, or says something unasked.
    pub fn is_closed(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let polled = Pin::new(&mut self.0).poll_fill_buf(&mut context);
        !matches!(polled, Poll::Pending)
    }

    /// How the other end has ended the connection, if it has. What it says unasked is read and forgotten.
    pub fn ended(&mut self) -> Option<io::Error> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let read = match Pin::new(&mut self.0).poll_fill_buf(&mut context) {
                Poll::Pending => return None,
                Poll::Ready(Err(error)) => return Some(error),
                Poll::Ready(Ok([])) => return Some(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(Ok(bytes)) => bytes.len(),
            };
            self.0.consume(read);
        }
    }

    /// Says goodbye, and waits for the other end to do so. It may be gone already.
    pub async fn close(&mut self, goodbye: &[u8]) {
        let leaving = async {
            if !goodbye.is_empty() {
                self.send(goodbye).await?;
            }
            self.0.shutdown().await?;
            let mut rest = (&mut self.0).take(LONGEST);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        let _ = timeout(LEAVE, leaving).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_on_a_kept_connection_loses_the_request_and_is_no_error_status() {
        let kind = |said: &str, at| Ended::Said(said.into()).at(at).kind;
        for goodbye in [
            "`NOOP` was answered `* BYE Shutting down`",
            "`NOOP` was answered `421 localhost closing`",
            "57P01 terminating connection due to administrator command",
        ] {
            assert_eq!(kind(goodbye, Where::Kept), FailureKind::Lost, "{goodbye}");
            assert_eq!(kind(goodbye, Where::New), FailureKind::Status, "{goodbye}");
        }
        for other in [
            "`NOOP` was answered `451 later`",
            "`SEARCH` was answered `z NO`",
        ] {
            assert_eq!(kind(other, Where::Kept), FailureKind::Status, "{other}");
        }
    }
}
