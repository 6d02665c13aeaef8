//! A client of HTTP that checks every byte, and that notices when it is asked to leave.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn;
use hyper::header::{CONNECTION, HOST};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab::BOUND;
use lab::client::{self, Client, Failure, Options, Seen};
use lab::wire;
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;

use crate::ending::Ending;

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One request after the other (RFC 9112).
    Http1,
    /// Many at once, each a stream (RFC 9113).
    Http2,
}

/// The configuration of a client that offers this version by ALPN (RFC 7301).
///
/// # Errors
/// When there is no usable trust anchor.
pub fn config(roots_pem: &str, version: Version, options: Options) -> io::Result<ClientConfig> {
    let mut config = (*client::config(roots_pem, options)?).clone();
    config.alpn_protocols = vec![match version {
        Version::Http1 => b"http/1.1".to_vec(),
        Version::Http2 => b"h2".to_vec(),
    }];
    Ok(config)
}

/// A clock that stands still until it is moved. TLS reads it in each handshake.
#[derive(Debug)]
pub struct Clock(AtomicU64);

impl Clock {
    /// A clock that shows the present.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(UnixTime::now().as_secs())))
    }

    /// Moves the clock, in seconds.
    pub fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.0.load(Ordering::Relaxed);
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

/// How much of an answer may lie here unread, in bytes. Of hyper's own 2 MiB, a slow reader would learn
/// long after the connection was cut.
const WINDOW: u32 = 65_535;
const BUFFER: usize = 32 * 1024;

/// An open connection.
pub struct Http {
    sender: Sender,
    seen: Seen,
    /// Whom its requests are for.
    host: String,
    ending: Ending,
}

enum Sender {
    Http1(conn::http1::SendRequest<Empty<Bytes>>),
    Http2(conn::http2::SendRequest<Empty<Bytes>>),
}

/// A response whose body is still coming.
pub struct Download {
    body: Incoming,
    received: u64,
    size: u64,
    close: bool,
}

impl Http {
    /// Connects with a client whose configuration is of [`config`].
    pub async fn connect(client: &Client, server: SocketAddr) -> Result<Self, Failure> {
        let (stream, seen) = client.open(server).await?;
        Self::over(stream, seen).await
    }

    /// The same over a stream whose handshake is complete. ALPN has chosen the version.
    pub async fn over<S>(stream: TlsStream<S>, seen: Seen) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        let failed = |error| Failure::Handshake(io::Error::other(error));
        let (sender, ending) = if is_http2 {
            let mut builder = conn::http2::Builder::new(TokioExecutor::new());
            // As each stream begins (RFC 9113, section 6.9.2).
            builder.initial_stream_window_size(WINDOW);
            let (sender, connection) = builder.handshake(io).await.map_err(failed)?;
            (Sender::Http2(sender), Ending::of(connection))
        } else {
            let mut builder = conn::http1::Builder::new();
            builder.read_buf_exact_size(Some(BUFFER));
            let (sender, connection) = builder.handshake(io).await.map_err(failed)?;
            (Sender::Http1(sender), Ending::of(connection))
        };
        Ok(Self {
            sender,
            seen,
            host: "localhost".into(),
            ending,
        })
    }

    /// Its requests are for this host rather than for `localhost`.
    pub fn with_host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    /// What the handshake showed.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Whether the server has closed the connection, or, with HTTP/2, takes no more requests.
    pub fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Asks for `size` bytes. They come as the download is pulled.
    ///
    /// # Errors
    /// `Severed` at 0 where the connection takes no more requests.
    pub async fn start(&mut self, size: u64) -> Result<Download, Failure> {
        Download::of(self.ask(&format!("/bytes/{size}")).await?, size)
    }

    /// Asks any server for `path`, and returns its answer, whatever its status is.
    ///
    /// # Errors
    /// As [`Http::start`].
    pub async fn ask(&mut self, path: &str) -> Result<Response<Incoming>, Failure> {
        // The version decides whether the host is told as a header or in the address.
        let request = match self.sender {
            Sender::Http1(_) => Request::get(path).header(HOST, &self.host),
            Sender::Http2(_) => Request::get(format!("https://{}{path}", self.host)),
        };
        let request = request
            .body(Empty::new())
            .map_err(|error| severed(0, error))?;
        let ending = &self.ending;
        let answered = async {
            match &mut self.sender {
                Sender::Http1(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Sender::Http2(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
            }
        };
        match tokio::time::timeout(BOUND, ending.or(answered)).await {
            Ok(Some(Ok(response))) => Ok(response),
            Ok(Some(Err(error))) => Err(severed(0, error)),
            Ok(None) => Err(severed(0, "the connection ended")),
            Err(_) => Err(Failure::Silent("an answer")),
        }
    }

    /// Asks for `size` bytes and checks each one. Says whether the server asked the client to
    /// leave with `Connection: close`.
    pub async fn get(&mut self, size: u64) -> Result<bool, Failure> {
        let mut download = self.start(size).await?;
        download.finish().await?;
        Ok(download.close)
    }

    /// Says goodbye, and waits until the connection is gone.
    pub async fn close(self) {
        drop(self.sender);
        let _ = tokio::time::timeout(BOUND, self.ending.ended()).await;
    }

    /// Waits until the server ends the connection.
    pub async fn ended(self) {
        // How it ended is the server's to say, in its log.
        self.ending.ended().await;
    }
}

/// Whether the connection ends with this answer: it says `Connection: close`, in whatever case and among
/// other words (RFC 9112, section 9.6), or is of HTTP/1.0 and does not say that the connection is kept.
pub fn asks_to_leave<B>(answer: &Response<B>) -> bool {
    let says = |wanted: &str| {
        let values = answer.headers().get_all(CONNECTION).into_iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let mut options = values.flat_map(|value| value.split(','));
        options.any(|option| option.trim().eq_ignore_ascii_case(wanted))
    };
    says("close") || (answer.version() == hyper::Version::HTTP_10 && !says("keep-alive"))
}

impl Download {
    /// The body of an answer that should be so long.
    ///
    /// # Errors
    /// `Severed` at 0 where the status is no success.
    pub fn of(response: Response<Incoming>, size: u64) -> Result<Self, Failure> {
        if !response.status().is_success() {
            return Err(severed(0, format!("status {}", response.status())));
        }
        Ok(Self {
            close: asks_to_leave(&response),
            body: response.into_body(),
            received: 0,
            size,
        })
    }

    /// Bytes received so far, each one checked.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether the answer said `Connection: close`.
    pub fn close(&self) -> bool {
        self.close
    }

    /// Receives at least `size` bytes more, or what is left, and checks each one.
    pub async fn pull(&mut self, size: u64) -> Result<(), Failure> {
        let until = self.size.min(self.received + size);
        match tokio::time::timeout(BOUND, self.pull_until(until)).await {
            Ok(pulled) => pulled,
            Err(_) => Err(Failure::Silent("an answer")),
        }
    }

    /// Receives what is left, to the end that the server sets.
    pub async fn finish(&mut self) -> Result<(), Failure> {
        self.pull(self.size).await?;
        loop {
            let frame = match tokio::time::timeout(BOUND, self.body.frame()).await {
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => frame.map_err(|error| severed(self.received, error))?,
                Err(_) => return Err(Failure::Silent("the end of an answer")),
            };
            // An HTTP/2 server may say that this is the end in a frame of its own, without data.
            if frame.data_ref().is_some_and(|data| !data.is_empty()) {
                return Err(severed(self.received, "more than was asked for"));
            }
        }
    }

    async fn pull_until(&mut self, until: u64) -> Result<(), Failure> {
        while self.received < until {
            let data = match self.body.frame().await {
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Err(severed(self.received, error)),
                None => return Err(severed(self.received, "the answer ended early")),
            };
            if !wire::is_body(self.received, &data) {
                return Err(Failure::Corrupt { at: self.received });
            }
            self.received += data.len() as u64;
        }
        Ok(())
    }
}

fn severed(at: u64, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::Severed {
        at,
        error: io::Error::other(error),
    }
}
