//! GOAWAY.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
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
    let mut due = Some(pin!(due));
    let mut deadline = pin!(tokio::time::sleep(Duration::MAX));
    poll_fn(move |context| {
        let arrived = due
            .as_mut()
            .is_some_and(|due| due.as_mut().poll(context).is_ready());
        if arrived {
            due = None;
            connection.as_mut().graceful_shutdown();
            deadline.set(tokio::time::sleep(grace));
        }
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(End::Whole);
        }
        deadline.as_mut().poll(context).map(|()| End::Cut)
    })
    .await
}
