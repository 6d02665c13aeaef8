//! HTTP/3 (RFC 9114): requests and long answers over connections of QUIC.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use crate::attempt::FailureKind;
use crate::attempt::failure::Where;
use h3::client::{RequestStream, SendRequest};
use hyper::body::{Buf, Bytes};
use hyper::{Request, StatusCode};
use lab::client::Failure;
use lab::wire;
use tokio::time::sleep;

use crate::load::failure::{Failed, NotOpened};
use crate::load::quic::{Quic, QuicClient, closed};
use crate::load::target::{Sighting, Target};
use crate::server::origin::DOWNLOAD;
use crate::server::spec::Protocol;

type Sender = SendRequest<h3_quinn::OpenStreams, Bytes>;

/// A connection over which requests are sent. It ends with this and the last of its answers.
pub(super) struct Http3 {
    quic: Quic,
    sender: Sender,
    host: String,
}

/// The body of an answer.
pub(super) struct Body {
    stream: RequestStream<h3_quinn::BidiStream<Bytes>, Bytes>,
    /// Holds the connection open.
    _sender: Sender,
    received: u64,
    /// How long it is, where its bytes are known.
    size: Option<u64>,
}

impl Http3 {
    /// Says what a client says first.
    pub async fn over(quic: Quic, host: &str) -> Result<Self, Failed> {
        let connection = h3_quinn::Connection::new(quic.connection.clone());
        let opened = h3::client::new(connection).await;
        let (mut driver, sender) = opened.map_err(|error| {
            let reason = quic.connection.close_reason();
            let error = reason.map_or_else(|| io::Error::other(error), closed);
            Failed::of(Failure::Severed { at: 0, error }, Where::New)
        })?;
        // It ends with the connection. How that ended, each request says for itself.
        tokio::spawn(async move { poll_fn(|context| driver.poll_close(context)).await });
        Ok(Self {
            quic,
            sender,
            host: host.to_owned(),
        })
    }

    /// Whether no request can be sent over it any more.
    pub fn is_closed(&self) -> bool {
        self.quic.is_closed()
    }

    /// Goes on from another port of this machine.
    pub fn migrate(&self) -> io::Result<()> {
        self.quic.migrate()
    }

    /// Asks for a path, and returns the beginning of the answer. `size` is how many bytes of the known body
    /// that has.
    pub async fn ask(
        &mut self,
        path: &str,
        size: Option<u64>,
    ) -> Result<(StatusCode, Body), Failure> {
        let request = Request::get(format!("https://{}{path}", self.host)).body(());
        let request = request.map_err(|error| Failure::Handshake(io::Error::other(error)))?;
        let asked = async {
            let stream = self.sender.send_request(request).await;
            let mut stream = stream.map_err(|error| io::Error::other(NotOpened(error)))?;
            // A server that has answered may want nothing more (RFC 9114, section 4.1): that is no failure.
            let _ = stream.finish().await;
            let status = stream.recv_response().await.map_err(io::Error::other)?;
            Ok((status.status(), stream))
        };
        let (status, stream) = asked.await.map_err(|error| self.cut(0, error))?;
        let body = Body {
            stream,
            _sender: self.sender.clone(),
            received: 0,
            size,
        };
        Ok((status, body))
    }

    /// A stream ended. An alert that came late is told from other ends.
    fn cut(&self, at: u64, error: io::Error) -> Failure {
        let error = match self.quic.connection.close_reason().map(closed) {
            Some(reason) if is_alert(&reason) => reason,
            _ => error,
        };
        Failure::Severed { at, error }
    }
}

fn is_alert(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| inner.is::<rustls::Error>())
}

impl Body {
    /// Takes at least `size` bytes more, or what is left. Says how many it has, and whether there is more.
    pub async fn pull(&mut self, size: u64) -> Result<(u64, bool), Failure> {
        let until = self.received + size;
        while self.received < self.size.map_or(until, |whole| whole.min(until)) {
            let at = self.received;
            let severed = |error| Failure::Severed { at, error };
            let data = self.stream.recv_data().await;
            let Some(mut data) = data.map_err(|error| severed(io::Error::other(error)))? else {
                return match self.size {
                    Some(_) => Err(severed(io::Error::other("the answer ended early"))),
                    None => Ok((at, false)),
                };
            };
            let data = data.copy_to_bytes(data.remaining());
            if self.size.is_some() && !wire::is_body(at, &data) {
                return Err(Failure::Corrupt { at });
            }
            self.received += data.len() as u64;
        }
        let is_more = self.size.is_none_or(|size| self.received < size);
        Ok((self.received, is_more))
    }

    /// Takes what is left.
    async fn finish(&mut self) -> Result<(), Failure> {
        while self.pull(u64::from(u32::MAX)).await?.1 {}
        Ok(())
    }
}

impl Target {
    /// A request over an open connection of HTTP/3.
    pub(super) async fn request_http3(
        &self,
        http: &mut Http3,
        size: u64,
        at: Where,
    ) -> Result<(), Failed> {
        let any = self.protocol == Protocol::AnyHttp;
        let known = || format!("/bytes/{size}");
        let path = if any { "/".to_owned() } else { known() };
        let answer = http.ask(&path, (!any).then_some(size)).await;
        let (status, mut body) = answer.map_err(|error| Failed::of(error, at))?;
        match any {
            true => self.usual.take(status)?,
            false if !status.is_success() => {
                return Err(Failed::new(FailureKind::Status, status.to_string()));
            }
            false => {}
        }
        let finished = body.finish().await;
        finished.map_err(|error| Failed::of(error, Where::Answer))
    }

    /// Asks for a long answer over HTTP/3, and returns its beginning.
    pub(super) async fn long_answer_http3(&self, http: &mut Http3) -> Result<Body, Failed> {
        let known = (self.protocol == Protocol::Http).then_some(DOWNLOAD);
        let answer = http.ask(&self.download_path(), known).await;
        let (status, body) = answer.map_err(|error| Failed::of(error, Where::New))?;
        match status.is_success() {
            true => Ok(body),
            false => Err(Failed::new(FailureKind::Status, status.to_string())),
        }
    }

    /// Opens a new connection of QUIC and sends one request: what was shown, where the handshake came to
    /// its end, and what came of it all.
    pub async fn probe_quic(&self, client: &QuicClient) -> (Option<Sighting>, Result<(), Failed>) {
        let mut sighting = None;
        let probing = async {
            let address = *self.address.borrow();
            let (quic, seen) = client.handshake(address).await.map_err(Failed::opening)?;
            sighting = Some(Sighting::now(&seen));
            self.known(&seen)?;
            let mut http = Http3::over(quic, &self.name).await?;
            self.request_http3(&mut http, 1, Where::New).await
        };
        // Boxed: without optimisation, so much room is more than a worker thread has.
        let outcome = self.in_time(Box::pin(probing)).await;
        (sighting, outcome)
    }

    /// Whether connections outlive that their client changes its address. Where several processes share a
    /// port, one of them may do so by luck, and hardly all.
    pub(crate) async fn survives_migration(&self) -> bool {
        const CONNECTIONS: usize = 6;
        let Ok(client) = self.quic_client() else {
            return false;
        };
        for _ in 0..CONNECTIONS {
            // Boxed: without optimisation, so much room is more than a worker thread has.
            let moved = Box::pin(self.moved_once(&client));
            if self.in_time(moved).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn moved_once(&self, client: &QuicClient) -> Result<(), Failed> {
        // For the end of the handshake, before which no client moves (RFC 9000, section 9), and for the id
        // that the server gives it for its next address.
        const STAY: Duration = Duration::from_millis(100);
        let address = *self.address.borrow();
        let (quic, _) = client.handshake(address).await.map_err(Failed::opening)?;
        let mut http = Http3::over(quic, &self.name).await?;
        self.request_http3(&mut http, 1, Where::New).await?;
        sleep(STAY).await;
        let moved = http.migrate();
        moved.map_err(|error| Failed::new(FailureKind::Tls, error.to_string()))?;
        self.request_http3(&mut http, 1, Where::Kept).await
    }
}
