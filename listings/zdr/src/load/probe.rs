//! Attempts: each is made when it is due, and written down whatever comes of it. Here are the
//! classes whose attempts each open a connection: `full`, `resuming`, `tls12`, `nameless`, `sibling`,
//! `second`, `quic` and `mutual`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::attempt::{Attempt, Class, FailureKind, Recorder};
use ch06_in_flight_requests::client::Http;
use ch11_verification::open_loop::open_loop;
use lab::client::{Client, Seen};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::client::TlsStream;

use crate::load::conversation::Conversation;
use crate::load::failure::Failed;
use crate::load::http3::Http3;
use crate::load::narrow;
use crate::load::quic::QuicClient;
use crate::load::target::{Sighting, Target};

/// How many attempts of one loop may be in progress. More would only measure this side.
const MOST: usize = 512;

/// What the clients of one class need for an attempt.
#[derive(Clone)]
pub(super) struct ProbeContext {
    /// The class.
    pub class: Class,
    /// The server.
    pub target: Target,
    /// Where attempts are written down.
    pub recorder: Arc<Recorder>,
    /// Holds true once the clients are to stop.
    pub stop: watch::Receiver<bool>,
}

impl ProbeContext {
    /// Makes attempts in an open loop, at this many a second, until the clients are to stop.
    pub async fn open_loop<F>(&self, rate: f64, attempt: impl Fn(Duration) -> F + Send)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let free = Arc::new(Semaphore::new(MOST));
        let limited = move |due| {
            let recorder = &self.recorder;
            recorder.begins(due);
            let place = free.clone().try_acquire_owned();
            let place = place.inspect_err(|_| recorder.dropped()).ok()?;
            let made = attempt(due);
            Some(async move {
                made.await;
                drop(place);
            })
        };
        open_loop(rate, self.stop.clone(), self.recorder.now(), limited).await;
    }

    /// Writes an attempt down that is over now. `paced` says whether it was made at its time.
    pub fn put(&self, due: Duration, probe: Probe, paced: bool, outcome: Result<(), Failed>) {
        self.put_at(self.recorder.now(), due, probe, paced, outcome);
    }

    /// The same, of an attempt that was over at another moment.
    pub fn put_at(
        &self,
        done: Duration,
        due: Duration,
        probe: Probe,
        paced: bool,
        outcome: Result<(), Failed>,
    ) {
        let failed = outcome.err();
        let sighting = probe.sighting.as_ref();
        self.recorder.put(Attempt {
            class: self.class,
            due,
            began: probe.began,
            handshake_done: sighting.map(|sighting| self.recorder.at(sighting.at)),
            done,
            failed: failed.as_ref().map(|failed| failed.kind),
            error: failed.map(|failed| failed.error),
            shown: match self.class {
                // Its certificate has no part in the rotation.
                Class::Sibling => None,
                _ => sighting.and_then(|shown| self.target.chains.generation(&shown.seen)),
            },
            resumed: sighting.is_some_and(|sighting| sighting.seen.resumed),
            opened: probe.opened,
            paced,
        });
    }

    /// Opens a connection, and compares what it is shown with what was issued.
    pub async fn open(
        &self,
        client: &Client,
        probe: &mut Probe,
    ) -> Result<(TlsStream<TcpStream>, Seen), Failed> {
        probe.opens(self.recorder.now());
        let address = *self.target.address.borrow();
        let opened = match self.class {
            Class::Download => narrow::open(client, address).await,
            _ => self.target.open(client).await,
        };
        let (stream, seen) = opened.map_err(Failed::opening)?;
        probe.sighting = Some(Sighting::now(&seen));
        self.target.known(&seen)?;
        Ok((stream, seen))
    }

    /// The same, for HTTP.
    pub async fn connect(&self, client: &Client, probe: &mut Probe) -> Result<Http, Failed> {
        let (stream, seen) = self.open(client, probe).await?;
        self.target.http(stream, seen).await
    }

    /// The same, for HTTP/3.
    pub async fn connect_http3(
        &self,
        client: &QuicClient,
        probe: &mut Probe,
    ) -> Result<Http3, Failed> {
        probe.opens(self.recorder.now());
        let address = *self.target.address.borrow();
        let opened = client.handshake(address).await;
        let (quic, seen) = opened.map_err(Failed::opening)?;
        probe.sighting = Some(Sighting::now(&seen));
        self.target.known(&seen)?;
        Http3::over(quic, &self.target.name).await
    }

    /// The same, for whatever the server speaks.
    pub async fn converse(
        &self,
        client: &Client,
        probe: &mut Probe,
    ) -> Result<Conversation, Failed> {
        let (stream, seen) = self.open(client, probe).await?;
        Conversation::over(&self.target, stream, seen).await
    }

    /// Whether the clients are to stop.
    pub fn stopped(&self) -> bool {
        *self.stop.borrow()
    }
}

/// What is known of an attempt, even when its time runs out.
pub(super) struct Probe {
    began: Duration,
    opened: bool,
    /// What it was shown, once its handshake is complete.
    pub sighting: Option<Sighting>,
}

impl Probe {
    /// Over a connection that is kept, until it has to open one.
    pub fn at(began: Duration) -> Self {
        Self {
            began,
            sighting: None,
            opened: false,
        }
    }

    /// It opens a connection now.
    pub fn opens(&mut self, now: Duration) {
        self.began = now;
        self.opened = true;
    }

    /// Over a connection of its own.
    fn of(began: Duration, sighting: Option<Sighting>) -> Self {
        Self {
            began,
            sighting,
            opened: true,
        }
    }
}

/// New connections with one request each, by clients that the server must serve.
pub(super) async fn new_connections(context: ProbeContext, client: Client, rate: f64) {
    let attempt = |due| probe(context.clone(), client.clone(), due);
    context.open_loop(rate, attempt).await;
}

/// New connections of QUIC with one request each.
pub(super) async fn new_quic_connections(context: ProbeContext, client: QuicClient, rate: f64) {
    let client = Arc::new(client);
    let attempt = |due| probe_quic(context.clone(), client.clone(), due);
    context.open_loop(rate, attempt).await;
}

/// New connections of clients without a trusted certificate, in turn, which the server must turn away. Each client
/// comes with what is said of it if it is let in.
pub(super) async fn unauthenticated_connections(
    context: ProbeContext,
    clients: [(Client, &'static str); 2],
    rate: f64,
) {
    let turn = AtomicUsize::new(0);
    let attempt = |due| {
        let (client, said) = &clients[turn.fetch_add(1, Ordering::Relaxed) % clients.len()];
        probe_unauthenticated(context.clone(), (client.clone(), said), due)
    };
    context.open_loop(rate, attempt).await;
}

async fn probe(context: ProbeContext, client: Client, due: Duration) {
    let began = context.recorder.now();
    let (sighting, outcome) = context.target.probe(&client).await;
    context.put(due, Probe::of(began, sighting), true, outcome);
}

async fn probe_quic(context: ProbeContext, client: Arc<QuicClient>, due: Duration) {
    let began = context.recorder.now();
    let (sighting, outcome) = context.target.probe_quic(&client).await;
    context.put(due, Probe::of(began, sighting), true, outcome);
}

/// An attempt that goes well when the client is turned away.
async fn probe_unauthenticated(
    context: ProbeContext,
    (client, said): (Client, &'static str),
    due: Duration,
) {
    let began = context.recorder.now();
    let (sighting, outcome) = context.target.probe(&client).await;
    let outcome = match outcome {
        Ok(()) => Err(Failed::new(FailureKind::StrangerLetIn, said.into())),
        // Turned away: with an alert, or, where that was lost on the way, by the end of it all.
        Err(failed) if failed.turned_away() => Ok(()),
        Err(failed) => Err(failed),
    };
    context.put(due, Probe::of(began, sighting), true, outcome);
}
