//! A server of gRPC, with the standard health service. It may end its streams at a reload, without a status.

use std::pin::pin;
use std::sync::Arc;

use ch02_hot_reload::IdentityStore;
use ch06_in_flight_requests::http::Known;
use http_body_util::Either;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use zdr::server::origin::bytes;
use zdr::server::origin::grpc::{Call, health};

/// Answers the health service, and `/bytes/N`. At a reload it asks its clients to leave, and lets their streams
/// live on; or it ends them.
pub async fn serve(stream: TlsStream<TcpStream>, live: Arc<IdentityStore>, ends_streams: bool) {
    let service = service_fn(|request| {
        let answer = answer(&request, &live, ends_streams);
        std::future::ready(Ok::<_, std::io::Error>(answer))
    });
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    if !is_http2 {
        let _ = http1::Builder::new().serve_connection(io, service).await;
        return;
    }
    let builder = http2::Builder::new(TokioExecutor::new());
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut published = live.published();
    tokio::select! {
        // How it ended is the client's to tell.
        _ = connection.as_mut() => return,
        _ = published.changed() => {}
    }
    if !ends_streams {
        connection.as_mut().graceful_shutdown();
    }
    let _ = connection.await;
}

fn answer<B>(
    request: &Request<B>,
    live: &IdentityStore,
    ends_streams: bool,
) -> Response<Either<Call, Known>> {
    let mut published = live.published();
    let until = async move {
        match ends_streams {
            true => drop(published.changed().await),
            false => std::future::pending().await,
        }
    };
    match health(request, until, !ends_streams) {
        Some(answer) => answer.map(Either::Left),
        None => bytes(request).map(Either::Right),
    }
}
