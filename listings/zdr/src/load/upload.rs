//! The class `upload`: requests whose body is sent at a pace, over a connection of its own each.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::attempt::FailureKind;
use crate::attempt::failure::Where;
use ch06_in_flight_requests::ending::Ending;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body, Bytes, Frame};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use lab::client::{Client, Failure};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::client::TlsStream;

use crate::load::awake::within;
use crate::load::failure::Failed;
use crate::load::probe::{Probe, ProbeContext};

/// How much of an upload is sent at a time, and how often: 0.8 MB a second.
const PIECE: usize = 16 * 1024;
const PACE: Duration = Duration::from_millis(20);

/// After so many pieces an upload comes to its end, and the next begins: four seconds.
const PIECES: u32 = 200;

/// One upload after the other, to this path.
pub(super) async fn uploads(context: ProbeContext, client: Client, path: String) {
    while !context.stopped() {
        let began = context.recorder.now();
        let mut probe = Probe::at(began);
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let opened = context
            .target
            .in_time(Box::pin(context.open(&client, &mut probe)));
        let outcome = match opened.await {
            Ok((stream, _)) => Box::pin(upload(&context, stream, &path)).await,
            Err(failed) => Err(failed),
        };
        let failed = outcome.is_err();
        context.put(began, probe, true, outcome);
        if failed {
            // A server that is away refuses at once. A client that came back at once would only
            // count how fast it is.
            sleep(PACE).await;
        }
    }
}

/// Sends a long body, and waits for the answer to all of it.
async fn upload(
    context: &ProbeContext,
    stream: TlsStream<TcpStream>,
    path: &str,
) -> Result<(), Failed> {
    let failed = |error: hyper::Error| {
        let error = std::io::Error::other(error);
        Failed::of(Failure::Handshake(error), Where::New)
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let ending = Ending::of(connection);
    let body = Paced::until(context.stop.clone());
    let (sent, length) = (body.sent.subscribe(), PACE * PIECES);
    let request = Request::post(path).header(HOST, &context.target.name);
    let request = request.body(body).map_err(|error| {
        let words = error.to_string();
        Failed::new(FailureKind::Status, words)
    })?;
    let answered = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        Ok(status)
    };
    let bound = within(length + context.target.patience, ending.or(answered));
    let status = match bound.await {
        None => return Err(context.target.stalled()),
        Some(None) => {
            let words = "the connection ended".into();
            return Err(Failed::new(FailureKind::Interrupted, words));
        }
        Some(Some(Err(error))) => return Err(interrupted(&error)),
        Some(Some(Ok(status))) => status,
    };
    drop(sender);
    let gone = async {
        ending.ended().await;
        Ok(())
    };
    let _ = context.target.in_time(gone).await;
    match (status.is_success(), *sent.borrow()) {
        (true, true) => Ok(()),
        // An answer before the end: the server has given up, whatever it says.
        (true, false) => Err(Failed::new(
            FailureKind::Interrupted,
            format!("{status} before the upload was at its end"),
        )),
        (false, _) => Err(Failed::new(FailureKind::Status, status.to_string())),
    }
}

fn interrupted(error: &hyper::Error) -> Failed {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    Failed::new(FailureKind::Interrupted, words)
}

/// A body that comes in pieces, and to its end when there are enough of them or the load stops.
struct Paced {
    began: Instant,
    pieces: u32,
    next: Pin<Box<Sleep>>,
    stop: watch::Receiver<bool>,
    /// Whether all of it was taken from here.
    sent: watch::Sender<bool>,
}

impl Paced {
    fn until(stop: watch::Receiver<bool>) -> Self {
        let began = Instant::now();
        Self {
            began,
            pieces: 0,
            next: Box::pin(sleep_until(began)),
            stop,
            sent: watch::Sender::new(false),
        }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.next.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        if self.pieces == PIECES || *self.stop.borrow() {
            self.sent.send_replace(true);
            return Poll::Ready(None);
        }
        self.pieces += 1;
        let at = self.began + PACE * self.pieces;
        self.next.as_mut().reset(at);
        static ZEROS: [u8; PIECE] = [0; PIECE];
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ZEROS)))))
    }
}
