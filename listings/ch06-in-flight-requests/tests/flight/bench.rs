//! A server in this process, reached through memory, and clients of each protocol.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::client::{self, Clock, Http, Version};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch06_in_flight_requests::{Retirement, Server};
use lab::agent::{Agent, Strategy};
use lab::authority::Issued;
use lab::client::{Client, Connection, Options, Seen};
use lab::log::{Log, want};
use rustls::ClientConfig;
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
};

pub struct Bench {
    pub agent: Agent,
    pub store: Arc<IdentityStore>,
    pub server: Arc<Server>,
    pub log: Log,
    /// What clients take for the present.
    pub clock: Arc<Clock>,
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
        let sessions = Sessions {
            tickets,
            remembered: REMEMBERED,
        };
        let store =
            IdentityStore::start_by(sessions.loader(Reader::new(Care::default())), source).unwrap();
        Self {
            server: Server::new(store.clone(), retirement),
            agent,
            store,
            log,
            clock: Clock::new(),
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

    /// Waits until a connection of `generation` has ended, for this reason.
    pub async fn closed(&self, generation: u64, why: &str) -> u64 {
        let closed = want("connection_closed").with("generation", generation);
        let closed = self.log.wait_for(&closed, lab::BOUND).await;
        assert_eq!(closed.text("why").as_deref(), Some(why), "{closed}");
        closed.number("bytes").unwrap()
    }
}
