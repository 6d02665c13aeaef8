//! A server, its operator, and its clients: the chapter's types, at work.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::Reason;
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch06_in_flight_requests::session::LIFE;
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch06_in_flight_requests::{Retirement, Server as Plain};
use ch08_trust_rotation::party::{Party, issue};
use ch08_trust_rotation::root::Root;
use ch08_trust_rotation::roots::Roots;
use ch08_trust_rotation::server::Server as Holding;
use ch08_trust_rotation::wrong::believes_the_file;
use lab::authority::{Authority, Issued};
use lab::client::{self, Client, Connection, Failure, Options, Seen};
use lab::mutual;

/// Nobody must have come by a root for so long.
pub(super) const QUIET: Duration = Duration::from_secs(60);

/// Longer than a sheet lasts.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// How a server treats the file of its roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The chapter's: a root is held until no client depends on it.
    Holds,
    /// What the file does not list is gone at once, and tickets with it.
    Believes,
    /// The same, and tickets stay good whatever changes.
    KeepsTickets,
}

/// What the operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The file lists Root A alone.
    ListA,
    /// The file lists both roots.
    ListBoth,
    /// The file lists Root B alone.
    ListB,
    /// The server's leaf is another.
    Reissue,
    /// Nothing, for as long as a root has to be quiet.
    Quiet,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// By a full handshake.
    LetIn,
    /// By a session.
    Resumed,
    /// The server objected.
    TurnedAway,
    /// The client did.
    Distrusted,
}

/// A client, as the sheet tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What its leaf is under. `None` where it shows none.
    pub leaf: Option<&'static str>,
    /// The roots that it trusts.
    pub trusts: Vec<&'static str>,
    /// Whether it keeps its session, and comes back with it.
    pub resumes: bool,
}

/// What happens on one sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Whether the server's own leaf is under another authority than its clients'.
    pub two_trusts: bool,
    /// The server.
    pub server: Server,
    /// What is done to it.
    pub steps: Vec<Step>,
    /// Who calls.
    pub callers: Vec<Caller>,
}

/// One call, and what the server served when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// After which step. 0 is before the first.
    pub step: usize,
    /// Which client, from 0.
    pub client: usize,
    /// What came of it.
    pub outcome: Outcome,
    /// What the server's leaf is under.
    pub shown: &'static str,
    /// The roots by which clients are let in.
    pub in_force: Vec<String>,
    /// Why the server rejected the files of this step, if it did.
    pub rejected: Option<Reason>,
    /// Whether this client was let in before, and kept a session.
    pub has_session: bool,
}

/// A server at work, and who issues.
struct Bench {
    a: Authority,
    b: Authority,
    public: Authority,
    party: Party,
    store: Arc<IdentityStore>,
    serving: Serving,
    two_trusts: bool,
}

enum Serving {
    Holding(Arc<Holding>),
    Plain(Arc<Plain>),
}

impl Scene {
    /// Lets it happen. Call it within a tokio runtime whose clock is paused.
    ///
    /// # Errors
    /// When no certificate can be made, or no temporary directory.
    pub async fn play(&self) -> io::Result<Vec<Call>> {
        let mut bench = Bench::new(self)?;
        let clients: Vec<Client> = self
            .callers
            .iter()
            .map(|caller| bench.client(caller))
            .collect::<io::Result<_>>()?;
        let mut has_session = vec![false; clients.len()];
        let (mut calls, mut rejected) = (Vec::new(), None);
        for step in 0..=self.steps.len() {
            if step > 0 {
                rejected = bench.take(self.steps[step - 1]).await?;
            }
            for (client, of_client) in clients.iter().enumerate() {
                let (shown, in_force) = bench.serves();
                let outcome = bench.call(of_client).await?;
                calls.push(Call {
                    step,
                    client,
                    outcome,
                    shown,
                    in_force,
                    rejected,
                    has_session: has_session[client],
                });
                let is_in = [Outcome::LetIn, Outcome::Resumed].contains(&outcome);
                has_session[client] |= is_in && self.callers[client].resumes;
            }
        }
        Ok(calls)
    }
}

impl Bench {
    fn new(scene: &Scene) -> io::Result<Self> {
        let (mut a, b) = (Authority::named("Root A")?, Authority::named("Root B")?);
        let mut public = Authority::named("Public Root")?;
        let party = match scene.two_trusts {
            true => Party::apart(&mut public, 0x3001, &[&a])?,
            false => Party::new(&mut a, 0x1001)?,
        };
        let (store, serving) = serving(scene.server, &party)?;
        let two_trusts = scene.two_trusts;
        Ok(Self {
            a,
            b,
            public,
            party,
            store,
            serving,
            two_trusts,
        })
    }

    /// A client whose leaf, if it has one, is issued now.
    fn client(&mut self, caller: &Caller) -> io::Result<Client> {
        let leaf: Option<Issued> = match caller.leaf {
            Some(root) => Some(issue(self.authority(root), 0x5001)?),
            None => None,
        };
        let roots = caller
            .trusts
            .iter()
            .map(|root| self.authority(root).root_pem().to_owned());
        let (roots, options) = (
            roots.collect::<String>(),
            Options {
                resume: caller.resumes,
                ..Options::default()
            },
        );
        let config = match leaf {
            Some(leaf) => mutual::client_config(&leaf, &roots, options)?,
            None => client::config(&roots, options)?,
        };
        Ok(Client::with_config(config, "localhost")?)
    }

    fn authority(&mut self, name: &str) -> &mut Authority {
        match name {
            "Root A" => &mut self.a,
            "Root B" => &mut self.b,
            _ => &mut self.public,
        }
    }

    /// Takes a step, and has the server look. Returns why it rejects the files, if it does.
    async fn take(&mut self, step: Step) -> io::Result<Option<Reason>> {
        match step {
            Step::ListA => self.party.trust(&[&self.a])?,
            Step::ListBoth => self.party.trust(&[&self.a, &self.b])?,
            Step::ListB => self.party.trust(&[&self.b])?,
            Step::Reissue => {
                let leaf = match self.two_trusts {
                    true => issue(&mut self.public, 0x3002)?,
                    false => issue(&mut self.b, 0x2001)?,
                };
                self.party.show(&leaf)?;
            }
            Step::Quiet => tokio::time::advance(QUIET).await,
        }
        let looked = self.store.reload();
        if let Serving::Holding(server) = &self.serving {
            server.roots.drain_all(&self.store);
        }
        Ok(match looked {
            Reload::Rejected(rejected) => Some(rejected.reason),
            Reload::Loaded(_) | Reload::Unchanged => None,
        })
    }

    /// What the leaf that is shown is under, and the roots by which clients are let in.
    fn serves(&self) -> (&'static str, Vec<String>) {
        let generation = self.store.current();
        let shown = match generation.identity.facts.serial.as_bytes().first() {
            Some(b'1') => "Root A",
            Some(b'2') => "Root B",
            _ => "Public Root",
        };
        let anchors = generation.identity.anchors_for_peers().iter();
        let names = anchors.map(|anchor| Root::of(anchor).name().to_owned());
        (shown, names.collect())
    }

    /// Opens a connection, gets a byte over it, and hangs up.
    async fn call(&self, client: &Client) -> io::Result<Outcome> {
        let (here, there) = tokio::io::duplex(64 * 1024);
        let serving = match &self.serving {
            Serving::Holding(server) => tokio::spawn(server.clone().connection(there)),
            Serving::Plain(server) => tokio::spawn(server.clone().connection(there)),
        };
        let called = async {
            let (stream, seen) = client.handshake(here).await?;
            let mut connection = Connection::over(stream, seen);
            // In TLS 1.3 a client learns only here whether the server took its certificate.
            connection.pull(1).await?;
            let seen = connection.seen().clone();
            connection.close().await;
            Ok(seen)
        };
        let called: Result<Seen, Failure> = called.await;
        serving.await?;
        Ok(match called {
            Ok(seen) if seen.resumed => Outcome::Resumed,
            Ok(_) => Outcome::LetIn,
            Err(failure) if is_distrust(&failure) => Outcome::Distrusted,
            Err(_) => Outcome::TurnedAway,
        })
    }
}

fn serving(server: Server, party: &Party) -> io::Result<(Arc<IdentityStore>, Serving)> {
    let tickets = match server {
        Server::KeepsTickets => Tickets::Keep,
        Server::Holds | Server::Believes => Tickets::KeepUnlessTrustChanged,
    };
    let (source, sessions) = (party.source(), Sessions::new(tickets, 64));
    if server != Server::Holds {
        let store = IdentityStore::start_by(believes_the_file(sessions), source)?;
        let retirement = Retirement {
            max_age: NEVER,
            jitter: 0.0,
            lag: 1000,
            spread: Duration::ZERO,
            grace: NEVER,
            session_life: LIFE,
        };
        return Ok((store.clone(), Serving::Plain(Plain::new(store, retirement))));
    }
    let reader = Reader::new(Care {
        settle: Duration::ZERO,
        ..Care::default()
    });
    let roots = Roots::new(source.clone(), sessions, QUIET);
    let store = IdentityStore::start_by(roots.loader(reader.read_fn()), source)?;
    let serving = Serving::Holding(Arc::new(Holding {
        store: store.clone(),
        roots,
        max_age: NEVER,
        jitter: 0.0,
        spread: Duration::ZERO,
        grace: NEVER,
        session_life: LIFE,
    }));
    Ok((store, serving))
}

/// Whether it was the client that objected.
fn is_distrust(failure: &Failure) -> bool {
    let inner = match failure {
        Failure::Handshake(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

impl Server {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Holds, Self::Believes, Self::KeepsTickets];

    /// What the sheet says of it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Holds => {
                "The server is chapter 8's. It holds a root until no client has come by it for\na minute. \
                 When the file no longer lists a root, it discards all sessions, and it\n\
                 gives none while it holds such a root."
            }
            Self::Believes => {
                "The server believes the file of its roots: what is not listed is gone at once.\n\
                 It keeps sessions unless a root is taken away."
            }
            Self::KeepsTickets => {
                "The server believes the file of its roots: what is not listed is gone at once.\n\
                 It keeps all sessions, whatever changes."
            }
        }
    }
}

impl Step {
    /// What the sheet says of it.
    pub(super) fn words(self, two_trusts: bool) -> &'static str {
        match self {
            Self::ListA => "the file of roots lists Root A alone",
            Self::ListBoth => "the file of roots lists Root A and Root B",
            Self::ListB => "the file of roots lists Root B alone",
            Self::Reissue if two_trusts => "the server's leaf is renewed under Public Root",
            Self::Reissue => "the server's leaf is one under Root B",
            Self::Quiet => "a minute passes in which no client connects",
        }
    }

    /// The roots that the file lists from then on, where it changes them.
    pub(super) fn lists(self) -> Option<&'static [&'static str]> {
        match self {
            Self::ListA => Some(&["Root A"]),
            Self::ListBoth => Some(&["Root A", "Root B"]),
            Self::ListB => Some(&["Root B"]),
            Self::Reissue | Self::Quiet => None,
        }
    }
}

impl Caller {
    /// What the sheet says of it.
    pub(super) fn words(&self) -> String {
        let leaf = match self.leaf {
            Some(root) => format!("a leaf under {root}"),
            None => "no certificate".into(),
        };
        let session = match self.resumes {
            true => "; keeps its session",
            false => "",
        };
        format!("{leaf}; trusts {}{session}", self.trusts.join(" and "))
    }
}

impl Outcome {
    /// Each of them.
    pub const ALL: [Self; 4] = [
        Self::LetIn,
        Self::Resumed,
        Self::TurnedAway,
        Self::Distrusted,
    ];

    /// An answer.
    pub fn words(self) -> &'static str {
        match self {
            Self::LetIn => "let in by a full handshake",
            Self::Resumed => "let in by its session",
            Self::TurnedAway => "turned away by the server",
            Self::Distrusted => "ended by the client, which does not trust the server",
        }
    }
}
