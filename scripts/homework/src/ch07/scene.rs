//! A keeper, what happens to it, and what it says: the chapter's types, at work.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::watch::Events;
use ch05_race_conditions::{Options as Care, Reader};
use ch07_graceful_degradation::alerts::{RULES, rule};
use ch07_graceful_degradation::budget::Renewal;
use ch07_graceful_degradation::clock::Virtual;
use ch07_graceful_degradation::firing::Firing;
use ch07_graceful_degradation::health::{admin, metrics};
use ch07_graceful_degradation::{Keeper, Settings};
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, Issued, LeafRequest};
use rustls::pki_types::UnixTime;
use tempfile::TempDir;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use tower::ServiceExt;

/// An hour.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

const SETTINGS: Settings = Settings {
    events: Events::PollOnly,
    poll: Duration::from_secs(300),
    look_bound: Duration::from_secs(1000),
    renewal: Renewal {
        by: 0.5,
        tries_every: Duration::from_secs(2 * 3600),
    },
};

/// Prometheus scrapes between two looks of the keeper.
const SCRAPES: Duration = Duration::from_secs(900);

/// By so much after the hour of the sheet happens what it lists. No clock shows it: a leaf is dated by the hour.
const LATE: Duration = Duration::from_secs(450);

/// Something that happens to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happens {
    /// The agent writes a new leaf, whole, for 24 hours.
    Renews,
    /// It writes the certificate of one, and dies before the key.
    Tears,
    /// The task that looks at the files ends, and is not started again.
    WatcherDies,
    /// An operator sets the clock forward, by six hours.
    ClockSet,
    /// The file of the trust anchors is replaced by another authority's.
    RootsReplaced,
    /// The key can be read by all users.
    KeyOpened,
}

/// What happens on one sheet, and when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Each with the hour.
    pub happens: Vec<(u32, Happens)>,
    /// Moments after the beginning, in order.
    pub asked: Vec<Duration>,
}

/// What is said at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The moment.
    pub at: Duration,
    /// The status of `/live`.
    pub live: u16,
    /// The status of `/ready`.
    pub ready: u16,
    /// What `/ready` has to say.
    pub words: String,
    /// The alerts that fire.
    pub firing: Vec<&'static str>,
    /// Alerts whose condition holds, each with the one that tells it better.
    pub silent: Vec<(&'static str, &'static str)>,
}

/// A keeper at work, and its agent.
struct Bench {
    agent: Agent,
    keeper: Arc<Keeper>,
    clock: Arc<Virtual>,
    watching: AbortHandle,
    directory: TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Scene {
    /// Lets it happen. Call it within a tokio runtime whose clock is paused.
    ///
    /// # Errors
    /// When no certificate can be made, or no temporary directory.
    pub async fn play(&self) -> io::Result<Vec<Said>> {
        let (mut bench, began) = (Bench::new()?, Instant::now());
        let (mut firing, mut fire) = (Firing::default(), Vec::new());
        let (mut happens, mut said) = (self.happens.iter().peekable(), Vec::new());
        let mut scrape = LATE;
        for asked in &self.asked {
            while scrape <= *asked {
                sleep_until(began + scrape).await;
                // Between two looks, so that none of them meets a writer at work: later than the sheet says, by `LATE`.
                while let Some((_, what)) = happens.next_if(|(hour, _)| HOUR * *hour <= scrape) {
                    bench.happens(*what)?;
                }
                fire = firing.scrape(scrape, &metrics(&bench.keeper));
                scrape += SCRAPES;
            }
            sleep_until(began + *asked).await;
            said.push(bench.says(*asked, &firing, &fire).await?);
        }
        Ok(said)
    }
}

impl Bench {
    fn new() -> io::Result<Self> {
        // A whole second, so that a certificate of a day ends on one.
        let begins = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600));
        let (directory, clock) = (lab::directory()?, Virtual::starting_at(begins));
        let mut agent = Agent::at(directory.path(), Strategy::RenameEach, clock.date())?;
        let first = issue(&mut agent, &clock, Duration::ZERO)?;
        agent.write(&first)?;
        // Time is virtual for it, too, and nothing is written while it reads.
        let passing = Arc::new(|| Instant::now().into_std());
        let reader = Reader::with_clock(Care::default(), passing).pausing(|_| ());
        let source = Source::localhost(agent.files());
        let keeper = Keeper::start_by(reader, source, clock.clone(), SETTINGS)?;
        let watching = keeper.clone().keep().abort_handle();
        Ok(Self {
            agent,
            keeper,
            clock,
            watching,
            directory,
        })
    }

    fn happens(&mut self, happens: Happens) -> io::Result<()> {
        let files = self.agent.files();
        match happens {
            Happens::Renews => {
                let next = issue(&mut self.agent, &self.clock, LATE)?;
                self.agent.write(&next)?;
            }
            Happens::Tears => {
                let next = issue(&mut self.agent, &self.clock, LATE)?;
                fs::write(&files.certificate, &next.chain_pem)?;
            }
            Happens::WatcherDies => self.watching.abort(),
            Happens::ClockSet => self.clock.step(6 * 3600),
            Happens::RootsReplaced => {
                let another = Authority::at(self.clock.date())?;
                self.agent.write_roots(another.root_pem())?;
            }
            Happens::KeyOpened => {
                fs::set_permissions(&files.key, Permissions::from_mode(0o644))?;
            }
        }
        Ok(())
    }

    async fn says(&self, at: Duration, firing: &Firing, fire: &[&'static str]) -> io::Result<Said> {
        let (live, _) = self.asked("/live").await?;
        let (ready, words) = self.asked("/ready").await?;
        let holds = |alert: &str| rule(alert).is_some_and(|rule| firing.holds(rule.when));
        let silent = RULES.iter().filter(|rule| firing.holds(rule.when));
        let silent = silent.filter_map(|rule| {
            let better = rule.unless.iter().find(|alert| holds(alert))?;
            Some((rule.alert, *better))
        });
        Ok(Said {
            at,
            live,
            ready,
            words,
            firing: fire.to_vec(),
            silent: silent.collect(),
        })
    }

    /// The status and the body of one of the keeper's own endpoints.
    async fn asked(&self, path: &str) -> io::Result<(u16, String)> {
        let request = Request::get(path).body(Body::empty());
        let request = request.map_err(io::Error::other)?;
        // It never fails.
        let Ok(answer) = admin(self.keeper.clone()).oneshot(request).await;
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 64 << 10).await;
        let body = body.map_err(io::Error::other)?;
        // Where the files are is different in each run.
        let folder = format!("{}/", self.directory.path().display());
        let words = String::from_utf8_lossy(&body).replace(&folder, "");
        Ok((status, words.trim().to_owned()))
    }
}

/// A leaf of which the validity has begun so long ago.
fn issue(agent: &mut Agent, clock: &Virtual, ago: Duration) -> io::Result<Issued> {
    agent.authority().set_clock(clock.date() - ago);
    let request = LeafRequest {
        lifetime: HOUR * 24,
        ..LeafRequest::new("localhost")
    };
    Ok(agent.authority().issue(&request)?)
}

impl Happens {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::Renews,
        Self::Tears,
        Self::WatcherDies,
        Self::ClockSet,
        Self::RootsReplaced,
        Self::KeyOpened,
    ];

    /// What the sheet says of it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Renews => "the agent writes a new leaf, valid for 24 hours, and its key",
            Self::Tears => "the agent writes a new certificate, and dies before the key",
            Self::WatcherDies => "the watcher dies, and is not started again",
            Self::ClockSet => "an operator sets the wall clock forward by 6 hours",
            Self::RootsReplaced => "the file of trust anchors is replaced by another authority's",
            Self::KeyOpened => "the key's file becomes readable for all users",
        }
    }
}

impl Said {
    /// As an answer.
    pub fn words(&self) -> String {
        let fire = match self.firing[..] {
            [] => "none".into(),
            _ => self.firing.join(", "),
        };
        format!("/live {}, /ready {}; {fire}", self.live, self.ready)
    }
}
