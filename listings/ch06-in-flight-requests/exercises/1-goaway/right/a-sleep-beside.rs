//! GOAWAY.

use std::convert::Infallible;
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

/// Serves one client of HTTP/2 until it leaves, or is asked to and given its time.
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
    let service = service_fn(answer);
    let io = TokioIo::new(client);
    let mut connection =
        Box::pin(http2::Builder::new(TokioExecutor::new()).serve_connection(io, service));
    let left = tokio::select! {
        biased;
        _ = &mut connection => true,
        () = due => false,
    };
    if left {
        return End::Whole;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = &mut connection => {
            if let Err(error) = ended {
                eprintln!("a client ended its connection badly: {error}");
            }
            End::Whole
        }
        () = tokio::time::sleep(grace) => End::Cut,
    }
}
