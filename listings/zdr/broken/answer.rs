//! Answers of which one byte is wrong.

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lab::wire;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Answers `GET /bytes/N`, as chapter 6 does; while `wrong` says so, with a wrong byte in the middle.
pub async fn serve(stream: TlsStream<TcpStream>, wrong: impl Fn() -> bool) {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(|request| {
        let answer = answer(&request, wrong());
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

fn answer<B>(request: &Request<B>, wrong: bool) -> Response<Full<Bytes>> {
    let asked = request.uri().path().strip_prefix("/bytes/");
    let Some(size) = asked.and_then(|size| size.parse().ok()) else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut body = vec![0; size];
    wire::body(0, &mut body);
    if let Some(byte) = body.get_mut(size / 2).filter(|_| wrong) {
        *byte ^= 0x55;
    }
    Response::new(Full::new(body.into()))
}
