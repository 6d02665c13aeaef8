//! The server's end of gRPC's standard health service (grpc.health.v1, in the repository grpc/grpc-proto).

use std::future::ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};

/// Asks once.
pub const CHECK: &str = "/grpc.health.v1.Health/Check";
/// Asks to be told of each change: an answer that does not end.
pub const WATCH: &str = "/grpc.health.v1.Health/Watch";
/// How a call came out: zero where it was served ("gRPC over HTTP2", in the repository grpc/grpc).
pub const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A message of gRPC: whether it is compressed, its length, and `status: SERVING`, in protocol buffers.
const SERVING: &[u8] = &[0, 0, 0, 0, 2, 0x08, 0x01];
/// The status of a method that there is not.
const UNIMPLEMENTED: &str = "12";

/// Answers a call of the health service; `Watch` until `until` is over, and then `with_trailers` or without.
/// `None` for anything else than gRPC.
pub fn health<B>(
    request: &Request<B>,
    until: impl Future<Output = ()> + Send + 'static,
    with_trailers: bool,
) -> Option<Response<Call>> {
    let kind = request.headers().get(CONTENT_TYPE)?.as_bytes();
    if !kind.starts_with(b"application/grpc") {
        return None;
    }
    let call = match request.uri().path() {
        CHECK => Call::new(Some(SERVING), ready(()), true),
        WATCH => Call::new(Some(SERVING), until, with_trailers),
        _ => Call::new(None, ready(()), true),
    };
    let mut response = Response::new(call);
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Some(response)
}

/// The body of an answer: a message where there is one, the time until it is over, and its status.
pub struct Call {
    message: Option<&'static [u8]>,
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    status: Option<&'static str>,
}

impl Call {
    fn new(
        message: Option<&'static [u8]>,
        until: impl Future<Output = ()> + Send + 'static,
        with_trailers: bool,
    ) -> Self {
        let status = if message.is_some() {
            "0"
        } else {
            UNIMPLEMENTED
        };
        Self {
            message,
            until: Some(Box::pin(until)),
            status: with_trailers.then_some(status),
        }
    }
}

impl Body for Call {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(message) = self.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(message)))));
        }
        if let Some(until) = &mut self.until {
            if until.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.until = None;
        }
        Poll::Ready(self.status.take().map(|status| {
            let mut trailers = HeaderMap::new();
            trailers.insert(STATUS, HeaderValue::from_static(status));
            Ok(Frame::trailers(trailers))
        }))
    }
}
