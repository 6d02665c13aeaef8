//! The same for HTTP: what each version says when the server wants the client to go.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use hyper::server::conn;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab::wire::{self, BLOCK};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;

use crate::head::{Followed, Waits};
use crate::leave::{Due, End, until_gone};
use crate::linger::Shared;

/// How much of an answer waits for a client that does not read, in bytes, and how long the head of a
/// request of HTTP/1.1 may be. hyper would keep up to 400 kB for each of a thousand slow clients, and with
/// HTTP/2 for each of their two hundred streams.
const ROOM: usize = 2 * BLOCK;

// ANCHOR: http1
/// Serves HTTP/1.1. A connection that is due gets `Connection: close` with its next answer (RFC
/// 9112, section 9.6), so that the client sends nothing more on it.
///
/// An idle connection could be closed at once, and hyper's `graceful_shutdown` does so. But a
/// request that is already on its way would then be lost. So it stays open until the client asks
/// for something, and is closed at the deadline where the client does not.
pub(crate) async fn http1<S>(
    stream: TlsStream<S>,
    due: impl Future<Output = Due>,
    grace: Duration,
) -> (u64, End)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Shared::new(stream);
    let (body, leaving) = (Arc::new(Counts::default()), AtomicBool::new(false));
    let waits = Waits::new();
    let service = service_fn(|request: Request<Incoming>| {
        let mut response = answer(&request, &body);
        // A body is not read, and what comes of it must not be taken for the next head.
        if leaving.load(Ordering::Relaxed) || !request.body().is_end_stream() {
            waits.last();
            let headers = response.headers_mut();
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let followed = Followed::http1(stream.clone(), waits.clone());
    let connection = conn::http1::Builder::new()
        .max_buf_size(ROOM)
        .serve_connection(TokioIo::new(followed), service);
    let connection = pin!(connection);
    let ask = |_: Pin<&mut _>| leaving.store(true, Ordering::Relaxed);
    let close = conn::http1::Connection::graceful_shutdown;
    // A head that does not parse is answered, and ends the connection.
    let whole = |ended: &hyper::Result<()>| match ended {
        Ok(()) => true,
        Err(error) => !(body.owes() || error.is_parse() || waits.broken()),
    };
    let end = tokio::select! {
        end = until_gone(stream, connection, due, grace, ask, close, whole) => end,
        () = waits.overdue() => End::Cut,
    };
    (body.sent.load(Ordering::Relaxed), end)
}
// ANCHOR_END: http1

// ANCHOR: http2
/// Serves HTTP/2. A connection that is due gets GOAWAY (RFC 9113, section 6.8): streams that are
/// open are finished, and the client opens no more.
///
/// `graceful_shutdown` sends it twice. The first names the highest stream number there is, and
/// only warns; the second, after a round trip, names the last stream that is answered. So no
/// request falls in between.
pub(crate) async fn http2<S>(
    stream: TlsStream<S>,
    due: impl Future<Output = Due>,
    grace: Duration,
) -> (u64, End)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Shared::new(stream);
    let body = Arc::new(Counts::default());
    let service =
        service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, &body))));
    let waits = Waits::new();
    let followed = Followed::http2(stream.clone(), waits.clone());
    let connection = conn::http2::Builder::new(TokioExecutor::new())
        .max_send_buf_size(ROOM)
        .serve_connection(TokioIo::new(followed), service);
    let connection = pin!(connection);
    let ask = conn::http2::Connection::graceful_shutdown;
    // It may end without an error although its client broke off: the other side of a GOAWAY may go.
    let whole = |_: &_| !waits.broken();
    let end = tokio::select! {
        end = until_gone(stream, connection, due, grace, ask, |_| (), whole) => end,
        () = waits.overdue() => End::Cut,
    };
    (body.sent.load(Ordering::Relaxed), end)
}
// ANCHOR_END: http2

/// Bytes of body, over a connection's whole life.
#[derive(Debug, Default)]
struct Counts {
    asked: AtomicU64,
    sent: AtomicU64,
}

impl Counts {
    /// More than fits is never sent, and so is owed forever.
    fn asks(&self, bytes: u64) {
        let add = |asked: u64| Some(asked.saturating_add(bytes));
        let _ = self
            .asked
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    fn owes(&self) -> bool {
        self.sent.load(Ordering::Relaxed) < self.asked.load(Ordering::Relaxed)
    }
}

/// `GET /bytes/N` is answered with the first N bytes of the known body, and HEAD with their number alone
/// (RFC 9110, section 9.3.2).
fn answer<B>(request: &Request<B>, counts: &Arc<Counts>) -> Response<Known> {
    let asked = request.uri().path().strip_prefix("/bytes/");
    let size = asked.and_then(|size| size.parse().ok());
    let of_head = request.method() == Method::HEAD;
    let end = if of_head { 0 } else { size.unwrap_or(0) };
    counts.asks(end);
    let counts = counts.clone();
    let mut response = Response::new(Known { at: 0, end, counts });
    match size {
        None => *response.status_mut() = StatusCode::NOT_FOUND,
        // Otherwise hyper says how long the body is.
        Some(size) if of_head => {
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        }
        Some(_) => {}
    }
    response
}

/// The known body, from its beginning.
pub struct Known {
    at: u64,
    end: u64,
    counts: Arc<Counts>,
}

impl Known {
    /// So many bytes of it, for another server than this one.
    pub fn first(bytes: u64) -> Self {
        Self {
            at: 0,
            end: bytes,
            counts: Arc::default(),
        }
    }
}

impl Body for Known {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let size = (self.end - self.at).min(BLOCK as u64);
        if size == 0 {
            return Poll::Ready(None);
        }
        let mut block = vec![0; size as usize];
        wire::body(self.at, &mut block);
        self.at += size;
        self.counts.sent.fetch_add(size, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(block.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.at == self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}
