//! What a server says in the clear where TLS was expected. rustls says of it only that it knows no record of that type.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use lab::line::steers;
use rustls::pki_types::ServerName;
use thiserror::Error as ThisError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::attempt::failure::causes;

/// So many of the first bytes tell a protocol.
const FIRST: usize = 64;
/// So many of them are told where they are no text.
const IN_HEX: usize = 16;

/// A stream of which the first bytes that come are kept.
pub struct Heard<S> {
    stream: S,
    first: Vec<u8>,
}

/// What came instead of TLS, with what rustls said of it.
#[derive(Debug, ThisError)]
#[error("it began with {began}, {means} ({error})")]
struct InClear {
    began: String,
    means: &'static str,
    #[source]
    error: io::Error,
}

/// A handshake of TLS over this stream.
///
/// # Errors
/// What the library says. Where the server answered in the clear, with the beginning of that, and what it means.
pub async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    connector: &TlsConnector,
    name: ServerName<'static>,
    stream: S,
) -> io::Result<TlsStream<Heard<S>>> {
    let first = Vec::new();
    let connecting = connector.connect(name, Heard { stream, first });
    let connected = connecting.into_fallible().await;
    connected.map_err(|(error, heard)| with_first(error, &heard.first))
}

fn with_first(error: io::Error, first: &[u8]) -> io::Error {
    let is_invalid = causes(&error).any(|of| {
        let of = of.downcast_ref::<rustls::Error>();
        matches!(of, Some(rustls::Error::InvalidMessage(_)))
    });
    // The types of TLS's records, from ChangeCipherSpec to Heartbeat.
    let is_record = first.first().is_none_or(|of| (20..=24).contains(of));
    if !is_invalid || is_record {
        return error;
    }
    let means = meaning(first);
    let began = in_words(first);
    let kind = error.kind();
    io::Error::new(
        kind,
        InClear {
            began,
            means,
            error,
        },
    )
}

/// The first line, or the first bytes where that is no text.
fn in_words(first: &[u8]) -> String {
    let line = first.split(|of| [b'\r', b'\n'].contains(of)).next();
    let line = line.and_then(|line| std::str::from_utf8(line).ok());
    match line.filter(|line| !line.is_empty() && !line.contains(steers)) {
        Some(line) => format!("`{line}`"),
        None => {
            let bytes = first.iter().take(IN_HEX);
            let bytes: Vec<_> = bytes.map(|byte| format!("{byte:02x}")).collect();
            format!("the bytes `{}`", bytes.join(" "))
        }
    }
}

/// What a server is that begins so. MySQL's greeting has the length of a packet in three bytes, its number 0, and version 10
/// of the protocol (dev.mysql.com, "Protocol::HandshakeV10"); MariaDB's has the same.
fn meaning(first: &[u8]) -> &'static str {
    let begins = |with: &str| first.starts_with(with.as_bytes());
    match first {
        _ if begins("HTTP/") => "which is plain HTTP: TLS is not switched on for this port",
        _ if begins("220") || begins("* OK") || begins("+OK") => {
            "which greets in the clear: its clients ask for TLS first, as by STARTTLS"
        }
        [_, _, _, 0, 10, ..] => {
            "as MySQL and MariaDB greet: their clients ask for TLS in the clear first"
        }
        _ if begins("SSH-") => "which is SSH: this is the port of another program",
        _ => {
            "which is not TLS: it is the port of another protocol, or TLS is asked for in the clear first"
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let room = FIRST.saturating_sub(self.first.len());
        let come = buffer.filled()[before..].iter().take(room);
        self.first.extend(come);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use rustls::InvalidMessage;

    use super::*;
    use crate::attempt::FailureKind;
    use crate::attempt::failure::{Where, kind};
    use lab::client::Failure;

    fn told(first: &[u8]) -> io::Error {
        let error = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        with_first(io::Error::new(io::ErrorKind::InvalidData, error), first)
    }

    #[test]
    fn what_came_in_the_clear_is_told_with_what_it_means() {
        let cases: [(&[u8], &str, &str); 5] = [
            (
                b"HTTP/1.1 400 Bad Request\r\n",
                "`HTTP/1.1 400 Bad Request`",
                "plain HTTP",
            ),
            (b"220 mail ESMTP\r\n", "`220 mail ESMTP`", "STARTTLS"),
            (b"\x4a\0\0\0\x0a8.0", "`4a 00 00 00 0a 38", "MariaDB"),
            (b"SSH-2.0-x\r\n", "`SSH-2.0-x`", "another program"),
            (b"\r\n?", "the bytes `0d 0a 3f`", "another protocol"),
        ];
        for (first, began, means) in cases {
            let words = told(first).to_string();
            for part in [began, means, "InvalidContentType"] {
                assert!(words.contains(part), "{part}: {words}");
            }
        }
        // A record of TLS that is not valid is no greeting.
        assert!(!told(b"\x16\x03\x01").to_string().contains("it began"));
        assert!(!told(b"").to_string().contains("it began"));
    }

    #[test]
    fn it_is_an_error_of_tls_all_the_same() {
        let failure = Failure::Handshake(told(b"HTTP/1.1 400 Bad Request\r\n"));
        assert_eq!(kind(&failure, Where::Opening), FailureKind::Tls);
    }
}
