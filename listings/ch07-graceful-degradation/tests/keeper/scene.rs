//! An agent, a keeper and a client under one virtual clock.

use std::cell::RefCell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::watch::Events;
use ch05_race_conditions::{Options as Care, Reader};
use ch07_graceful_degradation::budget::Renewal;
use ch07_graceful_degradation::clock::Virtual;
use ch07_graceful_degradation::policy::{self, AtTheEnd};
use ch07_graceful_degradation::{Keeper, Settings};
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, Issued, LeafRequest};
use lab::chain::Facts;
use lab::client::{self, Options};
use lab::log::{Log, want};
use lab::memory;
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::task::AbortHandle;
use tracing::subscriber::DefaultGuard;

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);
pub const POLL: Duration = Duration::from_secs(300);
pub const LOOK_BOUND: Duration = Duration::from_secs(1000);

/// The agent of these tests: it renews its leaves of a day at noon.
pub const HALFWAY: Renewal = Renewal {
    by: 0.5,
    tries_every: Duration::from_secs(2 * 3600),
};

/// Where it all begins: a whole second, so that a certificate of a day ends on one.
pub fn beginning() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600))
}

pub fn polling() -> Settings {
    Settings {
        events: Events::PollOnly,
        poll: POLL,
        look_bound: LOOK_BOUND,
        renewal: HALFWAY,
    }
}

pub struct Scene {
    pub clock: Arc<Virtual>,
    pub agent: Agent,
    pub keeper: Arc<Keeper>,
    pub log: Log,
    pub first: Issued,
    pub directory: tempfile::TempDir,
    settings: Settings,
    watching: RefCell<Vec<AbortHandle>>,
    _capturing: DefaultGuard,
}

/// Its watcher would write into the log of the next scene on this thread.
impl Drop for Scene {
    fn drop(&mut self) {
        self.watching.borrow().iter().for_each(AbortHandle::abort);
    }
}

impl Scene {
    pub fn new(strategy: Strategy) -> Self {
        let clock = Virtual::starting_at(beginning());
        Self::with(strategy, polling(), clock.clone(), clock)
    }

    /// `clock` dates the certificates; `shown` is what the keeper believes.
    pub fn with(
        strategy: Strategy,
        settings: Settings,
        clock: Arc<Virtual>,
        shown: Arc<dyn TimeProvider>,
    ) -> Self {
        Self::reading(
            // Nobody writes while the files rest, and time is virtual: nothing is waited for.
            Reader::new(Care::default()).pausing(|_| ()),
            strategy,
            settings,
            clock,
            shown,
        )
    }

    /// The same, with files that are read by `reader`.
    pub fn reading(
        reader: Reader,
        strategy: Strategy,
        settings: Settings,
        clock: Arc<Virtual>,
        shown: Arc<dyn TimeProvider>,
    ) -> Self {
        let directory = lab::directory().unwrap();
        let agent = Agent::at(directory.path(), strategy, clock.date()).unwrap();
        let source = Source::localhost(agent.files());
        Self::of(agent, source, directory, reader, settings, clock, shown)
    }

    /// The root that the chain leads to ends after so many hours, and so does one of those by which
    /// peers are judged.
    pub fn ending(own: i64, peers: i64) -> Self {
        let clock = Virtual::starting_at(beginning());
        // As long as the lab's roots last.
        let made = |hours| clock.date() + time::Duration::hours(hours) - 3649 * DAY;
        let directory = lab::directory().unwrap();
        let strategy = Strategy::RenameEach;
        let mut agent = Agent::at(directory.path(), strategy, made(own)).unwrap();
        agent.authority().set_clock(clock.date());
        agent.authority().reissue_intermediate().unwrap();
        let roots = [made(peers), clock.date()].map(|made| Authority::at(made).unwrap());
        let peer_roots = directory.path().join("peers.crt");
        fs::write(
            &peer_roots,
            roots.map(|root| root.root_pem().to_owned()).concat(),
        )
        .unwrap();
        let source = Source {
            peer_roots: Some(peer_roots),
            ..Source::localhost(agent.files())
        };
        let reader = Reader::new(Care::default()).pausing(|_| ());
        let shown = clock.clone();
        Self::of(agent, source, directory, reader, polling(), clock, shown)
    }

    fn of(
        mut agent: Agent,
        source: Source,
        directory: tempfile::TempDir,
        reader: Reader,
        settings: Settings,
        clock: Arc<Virtual>,
        shown: Arc<dyn TimeProvider>,
    ) -> Self {
        let (log, capturing) = lab::emit::capture();
        let first = issue(&mut agent, &clock, |_| ());
        agent.write(&first).unwrap();
        let keeper = Keeper::start_by(reader, source, shown, settings).unwrap();
        Self {
            clock,
            agent,
            keeper,
            log,
            first,
            directory,
            settings,
            watching: RefCell::default(),
            _capturing: capturing,
        }
    }

    /// Starts the watcher.
    pub fn keep(&self) -> AbortHandle {
        let watching = self.keeper.clone().keep().abort_handle();
        self.watching.borrow_mut().push(watching.clone());
        watching
    }

    /// Starts a second server on the same files, as a restart would.
    pub fn start_again(&self) -> Result<Arc<Keeper>, String> {
        let source = self.keeper.store().source().clone();
        let again = Keeper::start(source, self.clock.clone(), self.settings);
        again.map_err(|rejected| rejected.to_string())
    }

    /// Issues a leaf for a day from now, changed by `change`.
    pub fn issue(&mut self, change: impl FnOnce(&mut LeafRequest)) -> Issued {
        issue(&mut self.agent, &self.clock, change)
    }

    /// Issues for a day from now, and writes.
    pub fn rotate(&mut self) -> Issued {
        let issued = self.issue(|_| ());
        self.agent.write(&issued).unwrap();
        issued
    }

    /// Writes, and dies after so many steps. Returns the step's name; nothing where the writer
    /// was done before.
    pub fn write_and_die(&mut self, issued: &Issued, steps: usize) -> Option<String> {
        let (mut left, mut died) = (steps, None);
        let writing = AssertUnwindSafe(|| {
            self.agent.write_stepwise(issued, |step| {
                if left == 0 {
                    died = Some(step.to_owned());
                    // Unwinds without a panic message: this is no defect.
                    resume_unwind(Box::new(()));
                }
                left -= 1;
            })
        });
        if let Ok(written) = catch_unwind(writing) {
            written.unwrap();
        }
        died
    }

    /// The path of a file in the directory.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Replaces a file, whatever it was, by this text.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        remove(&path);
        fs::write(path, text).unwrap();
    }

    /// What a new client is shown under a policy, or what it objects to.
    pub fn shown_under(&self, policy: AtTheEnd) -> Result<Facts, rustls::Error> {
        self.shown_to(policy, &client_config(&self.agent, self.clock.clone()))
    }

    pub fn shown_to(
        &self,
        policy: AtTheEnd,
        client: &Arc<ClientConfig>,
    ) -> Result<Facts, rustls::Error> {
        let server = policy::config(self.keeper.clone(), policy);
        let (_, client) = memory::handshake(&server, client)?;
        Ok(lab::chain::facts(client.peer_certificates().unwrap()).unwrap())
    }

    /// The serial that a new client is shown by a server that serves on.
    pub fn shown(&self) -> String {
        self.shown_under(AtTheEnd::ServeOn).unwrap().serial
    }

    /// Lets time pass until this serial is served, and the look that loaded it has ended.
    pub async fn loads(&self, issued: &Issued) {
        let loaded = want("identity_loaded").with("serial", issued.facts.serial.as_str());
        self.log.wait_for(&loaded, 2 * HOUR).await;
        // Time does not go on before a look is over.
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(self.shown(), issued.facts.serial);
    }
}

/// A client that trusts the agent's authority, and believes `clock`.
pub fn client_config(agent: &Agent, clock: Arc<dyn TimeProvider>) -> Arc<ClientConfig> {
    let mut config = client::config(agent.root_pem(), Options::default()).unwrap();
    Arc::make_mut(&mut config).time_provider = clock;
    config
}

pub fn remove(path: &Path) {
    match fs::symlink_metadata(path).map(|m| m.is_dir()) {
        Ok(true) => fs::remove_dir_all(path).unwrap(),
        Ok(false) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

fn issue(agent: &mut Agent, clock: &Virtual, change: impl FnOnce(&mut LeafRequest)) -> Issued {
    agent.authority().set_clock(clock.date());
    let mut request = LeafRequest {
        lifetime: DAY,
        ..LeafRequest::new("localhost")
    };
    change(&mut request);
    agent.authority().issue(&request).unwrap()
}
