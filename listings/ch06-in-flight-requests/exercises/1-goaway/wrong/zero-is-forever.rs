//! GOAWAY.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::DuplexStream;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing was cut.
    Whole,
    /// It was cut at the deadline.
    Cut,
}

/// Serves one client of HTTP/2. Once `due` is ready the connection has to go: the client is
/// asked to leave, what it has begun is finished, and after `grace` whatever is left is cut.
pub async fn serve<A, F>(
    client: DuplexStream,
    answer: A,
    due: impl Future<Output = ()>,
    grace: Duration,
) -> End
where
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Response<String>, Infallible>> + Send + 'static,
{
    let connection = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(client), service_fn(answer));
    let mut connection = pin!(connection);
    tokio::select! {
        // How it ended is the client's affair: it was not asked to.
        _ = connection.as_mut() => return End::Whole,
        () = due => {}
    }
    // Says so, and does nothing more: the frame goes out while the connection is awaited.
    connection.as_mut().graceful_shutdown();
    if grace.is_zero() {
        let _ = connection.await;
        return End::Whole;
    }
    match tokio::time::timeout(grace, connection).await {
        Ok(_) => End::Whole,
        Err(_) => End::Cut,
    }
}
