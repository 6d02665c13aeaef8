//! A server, what happens to it, and its clients: the chapter's types, at work.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::{Identity, Source};
use ch02_hot_reload::{Generation, IdentityStore, Loader, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::client::{self, Clock, Http, Version};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch06_in_flight_requests::{Retirement, Server};
use lab::agent::{Agent, Strategy};
use lab::client::{Connection, Failure, Options};
use rustls::ClientConfig;
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::time::sleep;

/// How long a connection that is asked to leave may take.
const GRACE: Duration = Duration::from_secs(30);

/// How much time passes where time passes.
pub(super) const MINUTES: u64 = 20;

/// Longer than a sheet lasts.
const DAY: u64 = 24 * 60;

/// How a server retires connections, and keeps sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// How many generations a connection may be behind the newest.
    pub lag: u64,
    /// How long it may live. `None` is longer than a sheet lasts.
    pub connection_minutes: Option<u64>,
    /// How long a session may be resumed. `None` as above.
    pub session_minutes: Option<u64>,
    /// What a rotation does to sessions.
    pub tickets: Tickets,
}

/// Something that happens to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happens {
    /// The next generation is loaded.
    Rotates,
    /// The operator discards all sessions.
    Discards,
    /// Twenty minutes.
    TimePasses,
}

/// How a client uses the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// It reads a long answer, a byte at a time.
    Downloads,
    /// It keeps a connection of HTTP/1.1 that is idle between requests, and no session.
    Pools,
    /// It keeps both.
    PoolsAndResumes,
    /// It opens a connection each time, with its session.
    Resumes,
    /// It opens a connection each time, and keeps nothing.
    Strange,
}

/// How a client comes to its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// It still has the connection over which it was shown it.
    Connection,
    /// It resumed a session that began with it.
    Session,
    /// It was shown it just now.
    Handshake,
}

/// What happens on one sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Of the server.
    pub rules: Rules,
    /// In this order.
    pub happens: Vec<Happens>,
    /// Who is there.
    pub clients: Vec<Client>,
}

/// What a client holds after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// After which step. 0 is before the first.
    pub step: usize,
    /// Which client, from 0.
    pub client: usize,
    /// The generation whose certificate it was shown.
    pub generation: u64,
    /// How.
    pub by: By,
    /// The connection that it had before it asked: after which step it was opened, and its generation.
    pub connection: Option<(usize, u64)>,
    /// Whether it was told to leave: with this answer where it still has that connection, with the one before otherwise.
    pub told: bool,
    /// After which step the session began that it had before it asked.
    pub session: Option<usize>,
}

/// A server at work, and its agent.
struct Bench {
    agent: Agent,
    store: Arc<IdentityStore>,
    server: Arc<Server>,
    clock: Arc<Clock>,
    sessions: Sessions,
    _directory: TempDir,
}

/// A client at work.
struct AtWork {
    kind: Client,
    tls: lab::client::Client,
    held: Held,
    connection: Option<(usize, u64)>,
    told: bool,
    session: Option<usize>,
}

/// The connection that a client has, and the generation that it was shown.
enum Held {
    Nothing,
    Download(Box<Connection<DuplexStream>>, u64),
    Pooled(Http, u64),
}

impl Scene {
    /// Lets it happen. Call it within a tokio runtime whose clock is paused.
    ///
    /// # Errors
    /// When no certificate can be made, or no temporary directory.
    pub async fn play(&self) -> io::Result<Vec<Answer>> {
        let mut bench = Bench::new(self.rules)?;
        let clients = self.clients.iter().map(|kind| bench.client(*kind));
        let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
        let mut answers = Vec::new();
        for step in 0..=self.happens.len() {
            if step > 0 {
                bench.happens(self.happens[step - 1]).await?;
            }
            for (number, client) in clients.iter_mut().enumerate() {
                let (connection, session) = (client.connection, client.session);
                let asked = client.asks(&bench).await;
                let (generation, by) = asked.map_err(io::Error::other)?;
                let told = client.told;
                client.remembers(step, generation, by);
                answers.push(Answer {
                    step,
                    client: number,
                    generation,
                    by,
                    connection,
                    told,
                    session,
                });
            }
        }
        Ok(answers)
    }
}

impl Rules {
    /// What the chapter's server is told.
    pub(super) fn retirement(self) -> Retirement {
        let minutes = |minutes: Option<u64>| Duration::from_secs(minutes.unwrap_or(DAY) * 60);
        Retirement {
            max_age: minutes(self.connection_minutes),
            jitter: 0.0,
            lag: self.lag,
            spread: Duration::ZERO,
            grace: GRACE,
            session_life: minutes(self.session_minutes),
        }
    }
}

impl Bench {
    fn new(rules: Rules) -> io::Result<Self> {
        let directory = lab::directory()?;
        let agent = Agent::started(directory.path(), Strategy::Bundle)?;
        let (sessions, clock) = (Sessions::new(rules.tickets, 64), Clock::new());
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
        let source = Source::localhost(agent.files());
        let store = IdentityStore::start_by(Loader { read, build }, source)?;
        Ok(Self {
            agent,
            server: Server::new(store.clone(), rules.retirement()),
            store,
            clock,
            sessions,
            _directory: directory,
        })
    }

    async fn happens(&mut self, happens: Happens) -> io::Result<()> {
        match happens {
            Happens::Rotates => {
                self.agent.rotate()?;
                if let Reload::Rejected(rejected) = self.store.reload() {
                    return Err(io::Error::other(rejected));
                }
            }
            Happens::Discards => self.sessions.discard(),
            Happens::TimePasses => {
                self.clock.forward(MINUTES * 60);
                sleep(Duration::from_secs(MINUTES * 60)).await;
            }
        }
        // Virtual time: it passes when the server has nothing left to do.
        sleep(Duration::from_millis(1)).await;
        Ok(())
    }

    fn client(&self, kind: Client) -> io::Result<AtWork> {
        let options = Options {
            resume: kind.keeps_a_session(),
            ..Options::default()
        };
        let roots = self.agent.root_pem();
        let mut config: ClientConfig = match kind {
            Client::Pools | Client::PoolsAndResumes => {
                client::config(roots, Version::Http1, options)?
            }
            _ => Arc::unwrap_or_clone(lab::client::config(roots, options)?),
        };
        config.time_provider = self.clock.clone();
        Ok(AtWork {
            kind,
            tls: lab::client::Client::with_config(Arc::new(config), "localhost")?,
            held: Held::Nothing,
            connection: None,
            told: false,
            session: None,
        })
    }

    /// The server's end of a connection in memory runs from now on.
    fn accept(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        tokio::spawn(self.server.clone().connection(theirs));
        ours
    }
}

impl AtWork {
    /// Asks for a byte, over the connection that it has or over another. Returns what it was shown, and when.
    async fn asks(&mut self, bench: &Bench) -> Result<(u64, By), Failure> {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Download(mut connection, generation) => {
                if connection.pull(1).await.is_err() {
                    return self.opens(bench).await;
                }
                self.held = Held::Download(connection, generation);
                Ok((generation, By::Connection))
            }
            Held::Pooled(mut http, generation) => {
                let Ok(asked_to_leave) = http.get(1).await else {
                    return self.opens(bench).await;
                };
                self.told = asked_to_leave;
                if !asked_to_leave {
                    self.held = Held::Pooled(http, generation);
                }
                Ok((generation, By::Connection))
            }
            Held::Nothing => self.opens(bench).await,
        }
    }

    /// What it has from now on.
    fn remembers(&mut self, step: usize, generation: u64, by: By) {
        if by == By::Handshake && self.kind.keeps_a_session() {
            self.session = Some(step);
        }
        if by != By::Connection && self.kind.keeps_a_connection() {
            self.connection = Some((step, generation));
            self.told = false;
        }
    }

    async fn opens(&mut self, bench: &Bench) -> Result<(u64, By), Failure> {
        let (stream, seen) = self.tls.handshake(bench.accept()).await?;
        let by = match seen.resumed {
            true => By::Session,
            false => By::Handshake,
        };
        let generation = generation(&seen.chain.serial);
        match self.kind {
            Client::Pools | Client::PoolsAndResumes => {
                let mut http = Http::over(stream, seen).await?;
                http.get(1).await?;
                self.held = Held::Pooled(http, generation);
            }
            kind => {
                let mut connection = Connection::over(stream, seen);
                connection.pull(1).await?;
                match kind {
                    Client::Downloads => {
                        self.held = Held::Download(Box::new(connection), generation);
                    }
                    _ => connection.close().await,
                }
            }
        }
        Ok((generation, by))
    }
}

/// The lab's agent counts serials up from 1001, in hex, and a generation is loaded for each.
fn generation(serial: &str) -> u64 {
    u64::from_str_radix(serial, 16).map_or(0, |serial| serial - 0x1000)
}

impl Client {
    /// Each of them.
    pub const ALL: [Self; 5] = [
        Self::Downloads,
        Self::Pools,
        Self::PoolsAndResumes,
        Self::Resumes,
        Self::Strange,
    ];

    /// Whether it has a session to come back with.
    pub fn keeps_a_session(self) -> bool {
        matches!(self, Self::PoolsAndResumes | Self::Resumes)
    }

    /// Whether it has a connection to ask over.
    pub fn keeps_a_connection(self) -> bool {
        matches!(self, Self::Downloads | Self::Pools | Self::PoolsAndResumes)
    }

    /// What the sheet says of it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Downloads => "reads one long answer; begins it again where it is cut",
            Self::Pools => "keeps a connection of HTTP/1.1, idle in between; keeps no session",
            Self::PoolsAndResumes => {
                "keeps a connection of HTTP/1.1, idle in between; keeps its session"
            }
            Self::Resumes => "opens a connection each time; keeps its session",
            Self::Strange => "opens a connection each time; keeps no session",
        }
    }
}

impl Happens {
    /// What the sheet says of it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Rotates => "the server loads the next generation",
            Self::Discards => "the operator discards all sessions",
            Self::TimePasses => "20 minutes pass",
        }
    }
}

impl By {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Connection, Self::Session, Self::Handshake];

    /// A part of an answer.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connection => "over the connection that it has",
            Self::Session => "by resuming its session",
            Self::Handshake => "by a full handshake",
        }
    }
}
