//! What becomes of connections that are older than the certificate.
//!
//! A rotation does not touch them. TLS checks a server's certificate in the handshake and not again,
//! so a connection goes on under the generation it was opened under, past that certificate's end.
//! [`Retirement`] says when it has to go all the same, and [`Server`] asks it to, in the words of
//! its protocol: `Connection: close`, GOAWAY, or none.
//!
//! - [`http`]: what HTTP/1.1 and HTTP/2 have for a goodbye;
//! - [`leave`]: asking a connection to leave, and cutting it if it does not;
//! - [`held`]: how many connections hold each generation;
//! - [`tickets`]: clients that come back, and whether their sessions are resumed;
//! - [`session`]: which generation such a client is of, and when its session ends;
//! - [`agree`]: how long several workers disagree about what is served;
//! - [`client`]: a client that checks every byte, and notices when it is asked to leave;
//! - [`ending`]: the end of a connection, which a request must not miss;
//! - [`descriptors`]: the limit on open files.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use ch06_in_flight_requests::Retirement;
//! use ch06_in_flight_requests::session::LIFE;
//!
//! let retirement = Retirement {
//!     max_age: Duration::from_secs(3600),
//!     jitter: 0.1,
//!     lag: 1,
//!     spread: Duration::ZERO,
//!     grace: Duration::from_secs(30),
//!     session_life: LIFE,
//! };
//! // A connection may be one generation behind: with the third, the first must go.
//! assert_eq!(retirement.too_old(2), 0);
//! assert_eq!(retirement.too_old(3), 1);
//! ```

pub mod agree;
pub mod client;
pub mod descriptors;
pub mod ending;
mod frames;
pub mod head;
mod heads;
pub mod held;
pub mod http;
mod keys;
pub mod leave;
mod linger;
mod room;
pub mod session;
mod shown;
pub mod tickets;
mod wait;

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ch01_restart_baseline::{Opened, accept, handshake, how};
use ch02_hot_reload::IdentityStore;
use lab::wire::BLOCK;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use held::Held;
use leave::{End, until_gone};
use linger::Shared;
use session::Session;

pub use leave::Due;

// ANCHOR: retirement
/// When a connection has to go although nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retirement {
    /// How long a connection may live before it is asked to leave. It is gone `grace` later.
    pub max_age: Duration,
    /// The share of `max_age`, from 0 to 1, by which connections are asked earlier, each by
    /// another part of it. Connections that were opened together must not all return together.
    pub jitter: f64,
    /// How many generations a connection may be behind the newest.
    pub lag: u64,
    /// The time over which the connections of a retired generation are asked to leave.
    pub spread: Duration,
    /// How long a connection that was asked may take to finish. Then it is cut.
    pub grace: Duration,
    /// How long a session may be resumed, from the handshake on in which a certificate was shown. It
    /// ends with that certificate in any case, and with the generation that showed it.
    pub session_life: Duration,
}
// ANCHOR_END: retirement

// ANCHOR: due
impl Retirement {
    /// The newest generation that must go once `newest` is published. 0 where none must.
    pub fn too_old(&self, newest: u64) -> u64 {
        newest.saturating_sub(self.lag.saturating_add(1))
    }

    /// Waits until a connection has to go, and says why.
    ///
    /// `retired` holds the newest generation that must go, with all before it.
    pub async fn due(
        &self,
        connection: u64,
        generation: u64,
        mut retired: watch::Receiver<u64>,
    ) -> Due {
        let share = share(connection);
        let age = sleep(life(self.max_age, self.jitter, share));
        let generation = async {
            // The sender lives as long as the server.
            let _ = retired.wait_for(|retired| *retired >= generation).await;
            sleep(self.spread.mul_f64(share)).await;
        };
        tokio::select! {
            () = age => Due::Age,
            () = generation => Due::Generation,
        }
    }
}
// ANCHOR_END: due

/// How long a connection lives that has this `share` of the jitter: never more than `most`.
pub fn life(most: Duration, jitter: f64, share: f64) -> Duration {
    most.mul_f64(1.0 - jitter.clamp(0.0, 1.0) * share)
}

/// Reads a part of a whole, from 0 to 1, on the command line.
///
/// # Errors
/// When it is none.
pub fn part(text: &str) -> Result<f64, &'static str> {
    match text.parse() {
        Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
        _ => Err("a number from 0 to 1 is wanted"),
    }
}

/// A part of a whole, from 0 to 1, for each connection another. Multiples of the golden ratio
/// spread evenly, however many there are; the start is drawn, so that servers differ.
pub fn share(connection: u64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    static START: OnceLock<f64> = OnceLock::new();
    let start = START.get_or_init(|| {
        use std::hash::BuildHasher;
        let drawn = std::hash::RandomState::new().hash_one(0);
        drawn as f64 / u64::MAX as f64
    });
    (start + connection as f64 * GOLDEN).fract()
}

// ANCHOR: server
/// Serves each connection under the generation that was current when it came, or that of the session
/// with which it came back, until it leaves or has to.
#[derive(Debug)]
pub struct Server {
    store: Arc<IdentityStore>,
    retirement: Retirement,
    held: Held,
    retired: watch::Sender<u64>,
}

impl Server {
    /// A server that retires connections from now on. Call it within a tokio runtime.
    pub fn new(store: Arc<IdentityStore>, retirement: Retirement) -> Arc<Self> {
        let published = store.published();
        let server = Arc::new(Self {
            store,
            retirement,
            held: Held::default(),
            retired: watch::Sender::new(0),
        });
        tokio::spawn(server.clone().retire(published));
        server
    }

    /// Accepts connections forever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let tcp = accept(&listener).await;
            tokio::spawn(self.clone().connection(tcp));
        }
    }

    /// Serves one connection from its handshake to its end.
    pub async fn connection<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let current = || {
            let current = self.store.current();
            (current.number, current)
        };
        let (mut hold, current) = self.held.hold(current);
        let session = Session::new(current, self.retirement.session_life, hold.mover());
        let acceptor = TlsAcceptor::from(session.config());
        let Some(stream) = handshake(acceptor.accept(stream)).await else {
            return;
        };
        let (resumed, tls) = how(stream.get_ref().1);
        let generation = session.generation();
        let opened = Opened::log(Some(generation), resumed, tls);
        let retired = self.retired.subscribe();
        let due = self.retirement.due(opened.connection, generation, retired);
        let grace = self.retirement.grace;
        let (bytes, end) = converse(stream, due, grace).await;
        let draining = *self.retired.borrow() >= generation;
        hold.cut = draining && end == End::Deadline;
        opened.closed(bytes, end.word());
    }

    /// How many connections hold each generation.
    pub fn held(&self) -> &Held {
        &self.held
    }
}
// ANCHOR_END: server

// ANCHOR: retire
impl Server {
    /// Retires a generation as soon as the newest is more than `lag` ahead of it. Its connections
    /// are counted and logged before the first of them is asked.
    async fn retire(self: Arc<Self>, mut published: watch::Receiver<u64>) {
        let mut before = 0;
        while published.changed().await.is_ok() {
            let newest = *published.borrow_and_update();
            let generation = self.retirement.too_old(newest);
            if generation <= before {
                continue;
            }
            // One drain for all that were published since the last look.
            let (drained, held) = (before + 1..=generation, self.held.clone());
            let connections = held.retire(drained.clone());
            if connections > 0 {
                let grace_ms = self.retirement.grace.as_millis() as u64;
                tracing::info!(event = "drain_started", generation, connections, grace_ms);
            }
            self.retired.send_replace(generation);
            tokio::spawn(async move {
                let cut = held.gone(drained).await;
                if connections > 0 {
                    tracing::info!(event = "drain_finished", generation, cut);
                }
            });
            before = generation;
        }
    }
}
// ANCHOR_END: retire

/// Speaks what ALPN has chosen, until the client leaves or has to: once `due` is ready it is asked
/// to, and after `grace` it is cut. Returns how many bytes of body were sent, and how it ended.
pub async fn converse<S>(
    mut stream: TlsStream<S>,
    due: impl Future<Output = Due>,
    grace: Duration,
) -> (u64, End)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let session = stream.get_mut().1;
    session.set_buffer_limit(Some(BLOCK));
    match session.alpn_protocol() {
        Some(b"h2") => http::http2(stream, due, grace).await,
        Some(b"http/1.1") => http::http1(stream, due, grace).await,
        _ => bare(stream, due, grace).await,
    }
}

// ANCHOR: bare
/// The lab's protocol has no word for "please leave". The client is not told: if it does not go
/// by itself, it is cut.
async fn bare<S>(
    stream: TlsStream<S>,
    due: impl Future<Output = Due>,
    grace: Duration,
) -> (u64, End)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = Shared::new(stream);
    let (mut talking, mut sent) = (stream.clone(), 0);
    let end = {
        let conversation = pin!(lab::wire::serve_counting(&mut talking, &mut sent));
        until_gone(
            stream,
            conversation,
            due,
            grace,
            |_| (),
            |_| (),
            Result::is_ok,
        )
        .await
    };
    (sent, end)
}
// ANCHOR_END: bare
