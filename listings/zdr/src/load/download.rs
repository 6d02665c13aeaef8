//! The class `download`, and the long streams of `http2` and `http3`: answers that are taken at a pace, each byte
//! checked.

use std::io;
use std::time::Duration;

use crate::attempt::failure::Where;
use crate::attempt::{Attempt, FailureKind};
use ch06_in_flight_requests::client::{Download, Http};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use lab::client::{self, Client};
use tokio::time::{Instant, sleep, sleep_until};

use crate::load::awake::within;
use crate::load::failure::Failed;
use crate::load::http3::Body;
use crate::load::probe::{Probe, ProbeContext};
use crate::load::read_ahead::Reader;
use crate::load::target::Sighting;
use crate::server::origin::DOWNLOAD;
use crate::server::spec::Protocol;

/// An answer of fewer bytes lies in buffers, whole, when a rotation begins.
pub(crate) const LONG: u64 = 8_000_000;

/// How much of a download is asked for at a time, and how often: 0.8 MB a second.
const PIECE: u32 = 16 * 1024;
const PACE: Duration = Duration::from_millis(20);

/// What a server's kernel keeps of an answer at most (the default of `tcp_wmem`, man 7 tcp).
const SENT: u64 = 4 << 20;

/// More than the client keeps: its kernel of a narrow connection, its library of HTTP, and TLS.
const RECEIVED: u64 = 512 * 1024;

/// Takes a long answer in small pieces, until it is whole, cut, or the load stops. Says whether it was
/// not cut.
pub(super) async fn long_stream(context: ProbeContext, answer: Answer) -> bool {
    let began = context.recorder.now();
    // Until the attempt is written down, a rotation waits for this one.
    let mut reader = context.target.read_ahead.reader();
    let (cut, outcome) = pieces(&context, answer, &mut reader).await;
    let (whole, failed) = (outcome.is_ok(), outcome.err());
    context.recorder.put(Attempt {
        class: context.class,
        due: began,
        began,
        handshake_done: None,
        done: cut.unwrap_or_else(|| context.recorder.now()),
        failed: failed.as_ref().map(|failed| failed.kind),
        error: failed.map(|failed| failed.error),
        shown: None,
        resumed: false,
        opened: false,
        // It takes as long as it is meant to.
        paced: false,
    });
    whole
}

/// A long answer.
pub(super) enum Answer {
    /// Of the lab's protocol, without an end.
    Bare(Box<client::Connection>),
    /// Of HTTP/1.1.
    Body(Download),
    /// Of HTTP/2. A server may send no more ahead than the window of the stream.
    Stream(Download),
    /// Of HTTP/3. As little is sent ahead.
    Http3(Box<Body>),
    /// Of HTTP/1.1, whose bytes nobody knows.
    Any(AnyDownload),
    /// The same of HTTP/2.
    AnyStream(AnyDownload),
}

impl Answer {
    /// Takes a piece. Says how many bytes it has so far, and whether there is more.
    async fn piece(&mut self) -> Result<(u64, bool), client::Failure> {
        match self {
            Self::Bare(connection) => {
                connection.pull(PIECE).await?;
                Ok((connection.received(), true))
            }
            Self::Body(body) | Self::Stream(body) => {
                body.pull(PIECE.into()).await?;
                Ok((body.received(), body.received() < DOWNLOAD))
            }
            Self::Http3(body) => body.pull(PIECE.into()).await,
            Self::Any(body) | Self::AnyStream(body) => body.pull(PIECE.into()).await,
        }
    }

    /// Whether the answer may have its end after so many bytes. Where the server did not say how many there are, one
    /// that is cut may end as others do.
    fn ended(&self, bytes: u64) -> Result<(), Failed> {
        if !matches!(self, Self::Any(_) | Self::AnyStream(_)) || bytes >= LONG {
            return Ok(());
        }
        let error = format!(
            "ended after {bytes} bytes, as if it was whole: the answer at `download` has {LONG} or more"
        );
        Err(Failed::new(FailureKind::Severed, error))
    }

    /// How many bytes may lie in buffers although the connection was cut. As much is read ahead, without
    /// a pace, to learn of it.
    fn buffered(&self) -> u64 {
        match self {
            // What was asked for is here.
            Self::Bare(_) => 1,
            Self::Stream(_) | Self::AnyStream(_) | Self::Http3(_) => RECEIVED,
            Self::Body(_) | Self::Any(_) => SENT + RECEIVED,
        }
    }
}

/// Takes pieces at their pace until there are no more. With a failure that was found by reading ahead
/// comes the moment to which it is dated.
pub(super) async fn pieces(
    context: &ProbeContext,
    mut answer: Answer,
    reader: &mut Reader,
) -> (Option<Duration>, Result<(), Failed>) {
    let mut ahead = None;
    let outcome = pieces_or_ahead(context, &mut answer, reader, &mut ahead).await;
    let cut = ahead.filter(|_| outcome.is_err());
    (cut.map(|(_, at)| at), outcome)
}

/// The same. `ahead` holds, while it is reading ahead, until which byte and since when.
async fn pieces_or_ahead(
    context: &ProbeContext,
    answer: &mut Answer,
    reader: &mut Reader,
    ahead: &mut Option<(u64, Duration)>,
) -> Result<(), Failed> {
    let (began, mut stop) = (Instant::now(), context.stop.clone());
    let mut last = None;
    loop {
        match within(context.target.patience, answer.piece()).await {
            Some(Ok((bytes, true))) => {
                if last.is_some_and(|last| bytes >= last) {
                    return Ok(());
                }
                match ahead.take_if(|(until, _)| bytes >= *until) {
                    Some(_) => reader.done(),
                    None if ahead.is_some() => continue,
                    None => {}
                }
                // What is read may be more than was asked for: it is the pace that counts.
                let pieces = (bytes / u64::from(PIECE)) as u32;
                tokio::select! {
                    biased;
                    _ = stop.wait_for(|stop| *stop) => {
                        last.get_or_insert(bytes + answer.buffered());
                    }
                    at = reader.asked() => *ahead = Some((bytes + answer.buffered(), at)),
                    () = sleep_until(began + PACE * pieces.max(1)) => {}
                }
            }
            Some(Ok((bytes, false))) => return answer.ended(bytes),
            Some(Err(error)) => return Err(Failed::of(error, Where::Answer)),
            None => return Err(context.target.stalled()),
        }
    }
}

/// One long download after the other.
pub(super) async fn downloads(context: ProbeContext, client: Client) {
    while !context.stopped() {
        let began = context.recorder.now();
        let mut probe = Probe::at(began);
        let begun = begin_download(&context, &client, &mut probe);
        let begun = context.target.in_time(begun).await;
        // Until the attempt is written down, a rotation waits for this one.
        let mut reader = context.target.read_ahead.reader();
        let (cut, outcome) = match begun {
            Ok((answer, _open)) => pieces(&context, answer, &mut reader).await,
            Err(failed) => (None, Err(failed)),
        };
        let failed = outcome.is_err();
        let cut = cut.unwrap_or_else(|| context.recorder.now());
        context.put_at(cut, began, probe, true, outcome);
        drop(reader);
        if failed {
            // A server that is away refuses at once. A client that came back at once would only
            // count how fast it is.
            sleep(PACE).await;
        }
    }
}

/// Asks for a long answer over a new connection. HTTP's lives no longer than its connection, which
/// is returned with it.
async fn begin_download(
    context: &ProbeContext,
    client: &Client,
    probe: &mut Probe,
) -> Result<(Answer, Option<Http>), Failed> {
    let target = &context.target;
    if target.protocol == Protocol::Lab {
        probe.opens(context.recorder.now());
        let address = *target.address.borrow();
        let connection = client.connect(address).await.map_err(Failed::opening)?;
        probe.sighting = Some(Sighting::now(connection.seen()));
        target.known(connection.seen())?;
        return Ok((Answer::Bare(Box::new(connection)), None));
    }
    let mut http = context.connect(client, probe).await?;
    let answer = target.ask_for_download(&mut http).await?;
    let answer = match target.download {
        Some(_) => Answer::Any(AnyDownload::of(answer)),
        None => {
            let body = Download::of(answer, DOWNLOAD);
            Answer::Body(body.map_err(|error| Failed::of(error, Where::New))?)
        }
    };
    Ok((answer, Some(http)))
}

/// A long answer whose bytes are not known, only their number, where the server says it: hyper finds
/// an answer that ends before that, or in the middle of a chunk.
pub(super) struct AnyDownload {
    body: Incoming,
    received: u64,
}

impl AnyDownload {
    /// Of this answer.
    pub fn of(answer: Response<Incoming>) -> Self {
        Self {
            body: answer.into_body(),
            received: 0,
        }
    }

    /// Takes at least `size` bytes more, or what is left. Says how many it has, and whether there is
    /// more.
    async fn pull(&mut self, size: u64) -> Result<(u64, bool), client::Failure> {
        let until = self.received + size;
        while self.received < until {
            let frame = match self.body.frame().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Err(client::Failure::Severed {
                        at: self.received,
                        error: io::Error::other(error),
                    });
                }
                None => return Ok((self.received, false)),
            };
            self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Ok((self.received, true))
    }
}
