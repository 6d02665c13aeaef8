//! gRPC: a stream that does not end, and calls beside it, over one connection of HTTP/2. What is asked is the
//! standard health service (grpc.health.v1).
//!
//! How a call came out stands in its trailers ("gRPC over HTTP2", in the repository grpc/grpc). An answer that ends
//! without them is one that was cut, although HTTP/2 takes it for whole: no other class sees that.

use std::io;

use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::http2;
use hyper::header::{CONTENT_TYPE, HeaderMap, TE};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::oneshot;

use ch06_in_flight_requests::ending::Ending;

use crate::load::dialogue::{Duplex, Ended};
use crate::load::failure::never_sent;
use crate::server::origin::grpc::{CHECK, STATUS, WATCH};

/// A message of gRPC that asks for the health of the whole server: not compressed, and of no bytes.
const ASKED: &[u8] = &[0; 5];

/// A connection with a stream on it.
pub(super) struct Grpc {
    line: Line,
    watched: Incoming,
    /// The server takes no more calls over this connection (GOAWAY). Its stream goes on all the same.
    asked_to_leave: bool,
}

/// A connection, for as long as its client wants it.
struct Line {
    sender: http2::SendRequest<Full<Bytes>>,
    host: String,
    /// hyper may leave a request in its queue when the connection ends.
    ending: Ending,
    /// Without it, the connection is given up.
    _wanted: oneshot::Sender<()>,
}

impl Line {
    async fn open<S: Duplex + Send + 'static>(stream: S, host: &str) -> Result<Self, Ended> {
        let builder = http2::Builder::new(TokioExecutor::new());
        let (sender, connection) = builder
            .handshake(TokioIo::new(stream))
            .await
            .map_err(ended)?;
        let (wanted, mut unwanted) = oneshot::channel();
        let ending = Ending::of(async move {
            tokio::select! {
                _ = connection => {}
                _ = &mut unwanted => {}
            }
        });
        Ok(Self {
            sender,
            host: host.to_owned(),
            ending,
            _wanted: wanted,
        })
    }

    /// Sends a request, and returns what is answered when its head is there.
    async fn ask(&self, path: &str) -> Result<Incoming, Ended> {
        let asking = ask(self.sender.clone(), &self.host, path);
        let asked = self.ending.or(asking).await;
        asked.unwrap_or_else(|| Err(Ended::Io(io::Error::other("the connection ended"))))
    }
}

impl Grpc {
    /// Begins the stream, and waits for its first message.
    pub async fn open<S: Duplex + Send + 'static>(stream: S, host: &str) -> Result<Self, Ended> {
        let line = Line::open(stream, host).await?;
        let mut open = Self {
            watched: line.ask(WATCH).await?,
            line,
            asked_to_leave: false,
        };
        match open.watched.frame().await {
            Some(Ok(frame)) if frame.is_data() => Ok(open),
            other => Err(over(other)),
        }
    }

    /// Whether the server has asked this client to make its calls over another connection.
    pub fn asked_to_leave(&self) -> bool {
        self.asked_to_leave
    }

    /// A call, while the connection takes some; and the stream has to go on.
    pub async fn call(&mut self) -> Result<(), Ended> {
        if !self.asked_to_leave {
            match self.check().await {
                Err(Ended::Io(error)) if never_sent(&error) => self.asked_to_leave = true,
                outcome => outcome?,
            }
        }
        match self.watched.frame().now_or_never() {
            // Another message is news of a server's health, and no end.
            None => Ok(()),
            Some(Some(Ok(frame))) if frame.is_data() => Ok(()),
            Some(end) => Err(over(end)),
        }
    }

    async fn check(&self) -> Result<(), Ended> {
        let answer = self.line.ask(CHECK).await?;
        let answer = answer.collect().await.map_err(ended)?;
        match answer.trailers() {
            Some(trailers) => served(trailers),
            None => Err(Ended::Said(
                "an answer without trailers, so without a status".into(),
            )),
        }
    }
}

/// Sends a request, and returns what is answered when its head is there.
async fn ask(
    mut sender: http2::SendRequest<Full<Bytes>>,
    host: &str,
    path: &str,
) -> Result<Incoming, Ended> {
    let request = Request::post(format!("https://{host}{path}"))
        .header(CONTENT_TYPE, "application/grpc")
        .header(TE, "trailers");
    let request = request.body(Full::from(ASKED));
    let request = request.map_err(|error| Ended::Said(error.to_string()))?;
    sender.ready().await.map_err(ended)?;
    let answer = sender.send_request(request).await.map_err(ended)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Ended::Said(format!("{status}, where gRPC answers 200")));
    }
    // A server that has nothing to say puts the status into the head ("Trailers-Only").
    if answer.headers().contains_key(STATUS) {
        served(answer.headers())?;
    }
    Ok(answer.into_body())
}

/// Whether the status says that the call was served.
fn served(of: &HeaderMap) -> Result<(), Ended> {
    match of.get(STATUS).map(|status| status.to_str().unwrap_or("?")) {
        Some("0") => Ok(()),
        Some("12") => Err(Ended::Said(
            "grpc-status 12: it has no grpc.health.v1.Health".into(),
        )),
        Some(status) => Err(Ended::Said(format!("grpc-status {status}"))),
        None => Err(Ended::Said("trailers without a grpc-status".into())),
    }
}

/// The end of a stream that should have none.
fn over(end: Option<hyper::Result<Frame<Bytes>>>) -> Ended {
    match end {
        Some(Err(error)) => ended(error),
        Some(Ok(frame)) => {
            let status = frame
                .trailers_ref()
                .and_then(|trailers| trailers.get(STATUS));
            let status = status.map(|status| String::from_utf8_lossy(status.as_bytes()));
            let status = status.unwrap_or("missing".into());
            Ended::Said(format!("the stream ended with grpc-status {status}"))
        }
        None => Ended::Said("the stream ended without trailers, so without a status".into()),
    }
}

fn ended(error: hyper::Error) -> Ended {
    Ended::Io(io::Error::other(error))
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// hyper may leave a call in the queue of a connection that ends just then.
    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_left_in_the_queue_is_over_with_its_connection() {
        let (here, _there) = tokio::io::duplex(1024);
        let builder = http2::Builder::new(TokioExecutor::new());
        let handshake = builder.handshake::<_, Full<Bytes>>(TokioIo::new(here));
        // Not driven, and not dropped: what is put into its queue stays there.
        let (sender, _connection) = handshake.await.expect("a duplex does not fail");
        let line = Line {
            sender,
            host: "localhost".into(),
            ending: Ending::of(ready(())),
            _wanted: oneshot::channel().0,
        };
        let asked = timeout(Duration::from_secs(60), line.ask(CHECK)).await;
        let said = asked.expect("it waits on").expect_err("nothing answers");
        assert_eq!(said.to_string(), "the connection ended");
    }

    /// A client that leaves takes its connection with it.
    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_with_its_client() {
        let (here, _there) = tokio::io::duplex(1024);
        let line = Line::open(here, "localhost").await;
        let line = line.expect("a duplex does not fail");
        let ending = line.ending.clone();
        drop(line);
        let ended = timeout(Duration::from_secs(60), ending.ended());
        ended.await.expect("its connection goes on");
    }
}
