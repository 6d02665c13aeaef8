//! An ordinary server: it has a page and a large file, and nothing else is known of it. It may cut what is
//! long at a reload, while what is short comes to its end.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests::http::Known;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// An answer of more bytes is a long one.
const LONG: u64 = 1 << 20;

/// Answers `/` and `/big`. Where it `cuts`, a long answer does not outlive the generation under which it
/// began.
pub async fn serve(stream: TlsStream<TcpStream>, live: Arc<IdentityStore>, cuts: bool) {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(|request| {
        let answer = answer(&request, &live, cuts);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let io = TokioIo::new(stream);
    // How it ended is the client's to tell.
    let _ = match is_http2 {
        true => {
            let builder = http2::Builder::new(TokioExecutor::new());
            builder.serve_connection(io, service).await
        }
        false => http1::Builder::new().serve_connection(io, service).await,
    };
}

fn answer<B>(request: &Request<B>, live: &Arc<IdentityStore>, cuts: bool) -> Response<Cut> {
    let size = match request.uri().path() {
        "/" => Some(12),
        "/big" => Some(64 << 20),
        "/small" => Some(12_000),
        _ => None,
    };
    let mut response = Response::new(Cut {
        body: Known::first(size.unwrap_or(0)),
        cut: cuts && size > Some(LONG),
        began: live.current().number,
        live: live.clone(),
    });
    if size.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// A body that may end with its generation.
struct Cut {
    body: Known,
    cut: bool,
    began: u64,
    live: Arc<IdentityStore>,
}

impl Body for Cut {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.cut && self.live.current().number != self.began {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        frame.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
