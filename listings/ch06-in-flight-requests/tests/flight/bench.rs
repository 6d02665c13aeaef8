//! A server in this process, reached through memory, and clients of each protocol.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::{Identity, Source};
use ch02_hot_reload::{Generation, IdentityStore, Loader, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::client::{self, Clock, Http, Version};
use ch06_in_flight_requests::session::LIFE;
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch06_in_flight_requests::{Retirement, Server};
use lab::agent::{Agent, Strategy};
use lab::authority::Issued;
use lab::client::{Client, Connection, Failure, Options, Seen};
use lab::log::{Log, want};
use rustls::ClientConfig;
use rustls::client::{Resumption, Tls12Resumption};
use tokio::io::DuplexStream;
use tokio_rustls::client::TlsStream;
use tracing::subscriber::DefaultGuard;

pub const GRACE: Duration = Duration::from_secs(10);

/// Sessions that the server remembers for clients without tickets.
pub const REMEMBERED: usize = 100;

/// Retires by generation, as soon as there is a newer one, and by age never.
pub const BY_GENERATION: Retirement = Retirement {
    max_age: Duration::from_secs(365 * 24 * 3600),
    jitter: 0.0,
    lag: 0,
    spread: Duration::ZERO,
    grace: GRACE,
    session_life: LIFE,
};

/// How a client keeps its session.
#[derive(Clone, Copy, Debug)]
pub enum Keeps {
    /// TLS 1.3, with tickets.
    Tls13,
    /// TLS 1.2, with tickets.
    Tls12Ticket,
    /// TLS 1.2, with a session that the server remembers.
    Tls12Id,
}

impl Keeps {
    pub const ALL: [Self; 3] = [Self::Tls13, Self::Tls12Ticket, Self::Tls12Id];

    /// A client that comes back.
    pub fn config(self, roots_pem: &str) -> ClientConfig {
        let options = Options {
            resume: true,
            tls12_only: !matches!(self, Self::Tls13),
            ..Options::default()
        };
        let mut config = Arc::unwrap_or_clone(lab::client::config(roots_pem, options).unwrap());
        if matches!(self, Self::Tls12Id) {
            config.resumption =
                Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly);
        }
        config
    }
}

pub struct Bench {
    pub agent: Agent,
    pub store: Arc<IdentityStore>,
    pub server: Arc<Server>,
    pub log: Log,
    /// What clients and the server take for the present.
    pub clock: Arc<Clock>,
    pub sessions: Sessions,
    _capturing: DefaultGuard,
    _directory: tempfile::TempDir,
}

impl Bench {
    pub fn new(retirement: Retirement) -> Self {
        Self::with(retirement, Tickets::KeepUnlessTrustChanged)
    }

    pub fn with(retirement: Retirement, tickets: Tickets) -> Self {
        let (log, capturing) = lab::emit::capture();
        let directory = lab::directory().unwrap();
        let agent = Agent::started(directory.path(), Strategy::Bundle).unwrap();
        let source = Source::localhost(agent.files());
        let sessions = Sessions::new(tickets, REMEMBERED);
        let clock = Clock::new();
        // What shrank is believed at once.
        let care = Care {
            settle: Duration::ZERO,
            ..Care::default()
        };
        let Loader { read, build } = sessions.clone().loader(Reader::new(care));
        let time = clock.clone();
        let build = Box::new(move |identity: &Identity, before: Option<&Generation>| {
            let mut config = Arc::unwrap_or_clone(build(identity, before)?);
            config.time_provider = time.clone();
            Ok(Arc::new(config))
        });
        let store = IdentityStore::start_by(Loader { read, build }, source).unwrap();
        Self {
            server: Server::new(store.clone(), retirement),
            agent,
            store,
            log,
            clock,
            sessions,
            _capturing: capturing,
            _directory: directory,
        }
    }

    /// Issues, writes and loads.
    pub fn rotate(&mut self) -> Issued {
        let issued = self.agent.rotate().unwrap();
        assert!(matches!(self.store.reload(), Reload::Loaded(_)));
        issued
    }

    /// Waits until the connections of `generation` and before are about to be asked.
    pub async fn drain_started(&self, generation: u64) {
        let started = want("drain_started").with("generation", generation);
        self.log.wait_for(&started, lab::BOUND).await;
    }

    pub fn client(&self, mut config: ClientConfig) -> Client {
        config.time_provider = self.clock.clone();
        Client::with_config(Arc::new(config), "localhost").unwrap()
    }

    pub async fn open(&self, client: &Client) -> (TlsStream<DuplexStream>, Seen) {
        // Less than a download, so that the client sets the pace.
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        tokio::spawn(self.server.clone().connection(theirs));
        client.handshake(ours).await.unwrap()
    }

    /// Comes for one byte, so that tickets arrive, and leaves. The handshake may fail.
    pub async fn visit(&self, client: &Client) -> Result<Seen, Failure> {
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        let serving = tokio::spawn(self.server.clone().connection(theirs));
        let (stream, seen) = client.handshake(ours).await?;
        let mut connection = Connection::over(stream, seen.clone());
        connection.pull(1).await?;
        connection.close().await;
        serving.await.unwrap();
        Ok(seen)
    }

    pub async fn http(&self, version: Version) -> Http {
        let options = Options::default();
        let config = client::config(self.agent.root_pem(), version, options).unwrap();
        let (stream, seen) = self.open(&self.client(config)).await;
        Http::over(stream, seen).await.unwrap()
    }

    pub async fn bare(&self) -> Connection<DuplexStream> {
        let config = lab::client::config(self.agent.root_pem(), Options::default()).unwrap();
        let (stream, seen) = self.open(&self.client((*config).clone())).await;
        Connection::over(stream, seen)
    }

    /// Waits until the drain of `generation` is over, which cuts at the deadline.
    pub async fn closed_after(&self, generation: u64, grace: Duration) {
        tokio::time::sleep(grace).await;
        let finished = want("drain_finished").with("generation", generation);
        self.log.wait_for(&finished, lab::BOUND).await;
    }

    /// Waits until a connection of `generation` has ended, for this reason.
    pub async fn closed(&self, generation: u64, why: &str) -> u64 {
        let closed = want("connection_closed").with("generation", generation);
        let closed = self.log.wait_for(&closed, lab::BOUND).await;
        assert_eq!(closed.text("why").as_deref(), Some(why), "{closed}");
        closed.number("bytes").unwrap()
    }
}
