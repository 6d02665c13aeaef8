//! A server with two roots to rotate between, and clients that reach it over streams in memory.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::{self, Identity, Source};
use ch02_hot_reload::{IdentityStore, ReadFn, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::client::{Clock, Http};
use ch06_in_flight_requests::session::LIFE;
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::root::Root;
use ch08_trust_rotation::roots::Roots;
use ch08_trust_rotation::server::Server;
use ch08_trust_rotation::{RootUsage, Stage};
use lab::authority::{Authority, Issued};
use lab::client::{self, Client, Connection, Failure, Options, Seen};
use lab::mutual;
use rustls::ClientConfig;
use rustls::client::{Resumption, Tls12Resumption};
use tokio::io::DuplexStream;

pub(crate) fn sessions() -> Sessions {
    Sessions::new(Tickets::KeepUnlessTrustChanged, 64)
}

/// How long nobody must have come by a root.
pub(crate) const QUIET: Duration = Duration::from_secs(60);
pub(crate) const GRACE: Duration = Duration::from_secs(5);
pub(crate) const MAX_AGE: Duration = Duration::from_secs(2 * 3600);

/// Nobody is asked to leave in turn.
const AT_ONCE: (Duration, f64) = (Duration::ZERO, 0.0);

/// How a client keeps its session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Session {
    /// TLS 1.3, with tickets.
    Tls13,
    /// TLS 1.2, with tickets.
    Tls12Ticket,
    /// TLS 1.2, with a session that the server remembers.
    Tls12Id,
}

impl Session {
    pub(crate) const ALL: [Self; 3] = [Self::Tls13, Self::Tls12Ticket, Self::Tls12Id];

    /// A client that trusts `roots`, shows `leaf` if there is one, and comes back.
    pub(crate) fn config(self, leaf: Option<&Issued>, roots: &[&Authority]) -> Arc<ClientConfig> {
        let roots: String = roots.iter().map(|root| root.root_pem()).collect();
        let options = Options {
            resume: true,
            tls12_only: !matches!(self, Self::Tls13),
            ..Options::default()
        };
        let config = match leaf {
            Some(leaf) => mutual::client_config(leaf, &roots, options),
            None => client::config(&roots, options),
        };
        let mut config = Arc::unwrap_or_clone(config.unwrap());
        if matches!(self, Self::Tls12Id) {
            config.resumption =
                Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly);
        }
        Arc::new(config)
    }
}

pub(crate) struct Bench {
    pub(crate) a: Authority,
    pub(crate) b: Authority,
    pub(crate) party: Party,
    pub(crate) clock: Arc<Clock>,
    pub(crate) roots: Arc<Roots>,
    pub(crate) store: Arc<IdentityStore>,
    pub(crate) sessions: Sessions,
    server: Arc<Server>,
}

impl Bench {
    /// The server trusts Root A, and shows a leaf under it.
    pub(crate) fn new() -> Self {
        Self::reading(Box::new(|source, _| identity::read(source)))
    }

    /// The same, with files that are read by `read`.
    pub(crate) fn reading(read: Box<ReadFn>) -> Self {
        let (mut a, b) = (named("Root A"), named("Root B"));
        let party = Party::new(&mut a, 0x1001).unwrap();
        Self::with(a, b, party, read, AT_ONCE)
    }

    /// As [`Bench::new`], with connections that are asked to leave in turn: over so long in a drain,
    /// and earlier by a share of this part of their age.
    pub(crate) fn in_turn(spread: Duration, jitter: f64) -> Self {
        let (mut a, b) = (named("Root A"), named("Root B"));
        let party = Party::new(&mut a, 0x1001).unwrap();
        let read = Box::new(|source: &Source, _: Option<&Identity>| identity::read(source));
        Self::with(a, b, party, read, (spread, jitter))
    }

    /// As [`Bench::new`], with files that are read with chapter 5's care.
    pub(crate) fn careful() -> Self {
        Self::reading(careful().read_fn())
    }

    /// The server's own leaf is under a public authority, and lets in clients by Root A.
    pub(crate) fn apart(public: &mut Authority) -> Self {
        let (a, b) = (named("Root A"), named("Root B"));
        let party = Party::apart(public, 0x3001, &[&a]).unwrap();
        Self::with(a, b, party, careful().read_fn(), AT_ONCE)
    }

    fn with(
        a: Authority,
        b: Authority,
        party: Party,
        read: Box<ReadFn>,
        (spread, jitter): (Duration, f64),
    ) -> Self {
        let (source, clock, sessions) = (party.source(), Clock::new(), sessions());
        let roots = Roots::with_clock(source.clone(), sessions.clone(), QUIET, clock.clone());
        let store = IdentityStore::start_by(roots.loader(read), source).unwrap();
        let server = Arc::new(Server {
            store: store.clone(),
            roots: roots.clone(),
            max_age: MAX_AGE,
            jitter,
            spread,
            grace: GRACE,
            session_life: LIFE,
        });
        Self {
            sessions,
            a,
            b,
            party,
            clock,
            roots,
            store,
            server,
        }
    }

    /// The file lists these, and the server looks.
    pub(crate) fn list(&self, roots: &[&Authority]) {
        self.party.trust(roots).unwrap();
        self.look();
    }

    /// The server's leaf is under Root B from now on.
    pub(crate) fn reissue(&mut self) {
        let leaf = issue(&mut self.b, 0x2001).unwrap();
        self.party.show(&leaf).unwrap();
        self.look();
    }

    /// Looks at the files, and begins what is to be drained.
    pub(crate) fn look(&self) {
        if let Reload::Rejected(rejected) = self.store.reload_and_log() {
            panic!("the files are valid: {rejected}");
        }
        self.roots.drain_all(&self.store);
    }

    /// A client that shows a leaf under Root A, trusts both roots, and comes back.
    pub(crate) fn client_of_a(&mut self) -> Arc<ClientConfig> {
        let leaf = issue(&mut self.a, 0x1002).unwrap();
        Session::Tls13.config(Some(&leaf), &[&self.a, &self.b])
    }

    /// Add, reissue, drain, and remove, each in its time.
    pub(crate) async fn rotate(&mut self) {
        self.list(&[&self.a, &self.b]);
        self.reissue();
        self.list(&[&self.b]);
        self.quiet().await;
        self.look();
        assert_eq!(self.names(), ["Root B"]);
    }

    /// Lets the time pass in which nobody comes.
    pub(crate) async fn quiet(&self) {
        tokio::time::advance(QUIET).await;
    }

    /// The roots in force.
    pub(crate) fn names(&self) -> Vec<String> {
        let stages = self.roots.stages(&self.store);
        stages
            .iter()
            .map(|(root, ..)| root.name().to_owned())
            .collect()
    }

    /// How the root of this name stands.
    pub(crate) fn stage(&self, name: &str) -> (Stage, RootUsage) {
        let stages = self.roots.stages(&self.store);
        let found = stages.into_iter().find(|(root, ..)| root.name() == name);
        found.map_or((Stage::Absent, RootUsage::default()), |(_, stage, on)| {
            (stage, on)
        })
    }

    /// The root of this name, in force or not.
    pub(crate) fn root(&self, name: &str) -> Root {
        let stages = self.roots.stages(&self.store);
        let found = stages.into_iter().find(|(root, ..)| root.name() == name);
        found.expect("it is in force").0
    }

    /// Opens a connection, and gets a byte over it: the client is in.
    pub(crate) async fn open(
        &self,
        config: &Arc<ClientConfig>,
    ) -> Result<Connection<DuplexStream>, Failure> {
        let (here, there) = tokio::io::duplex(64 * 1024);
        tokio::spawn(self.server.clone().connection(there));
        let client = Client::with_config(config.clone(), "localhost").unwrap();
        let (stream, seen) = client.handshake(here).await?;
        let mut connection = Connection::over(stream, seen);
        connection.pull(1).await?;
        Ok(connection)
    }

    /// The same over HTTP, in the version that the client offers.
    pub(crate) async fn http(&self, config: &Arc<ClientConfig>) -> Http {
        let (here, there) = tokio::io::duplex(64 * 1024);
        tokio::spawn(self.server.clone().connection(there));
        let client = Client::with_config(config.clone(), "localhost").unwrap();
        let (stream, seen) = client.handshake(here).await.unwrap();
        let mut http = Http::over(stream, seen).await.unwrap();
        http.get(1).await.unwrap();
        http
    }

    /// Opens, and says goodbye.
    pub(crate) async fn call(&self, config: &Arc<ClientConfig>) -> Result<Seen, Failure> {
        let connection = self.open(config).await?;
        let seen = connection.seen().clone();
        connection.close().await;
        // The server's side of it ends, too.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        Ok(seen)
    }
}

/// Chapter 5's, that believes what shrank, and waits for no file to come to rest.
fn careful() -> Reader {
    Reader::new(Care {
        settle: Duration::ZERO,
        rest: Duration::ZERO,
        ..Care::default()
    })
}

pub(crate) fn named(name: &str) -> Authority {
    Authority::named(name).unwrap()
}
