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

/// Asks the client to leave, and sleeps for the grace period.
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
        _ = connection.as_mut() => return End::Whole,
        () = due => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::time::sleep(grace).await;
    End::Cut
}
