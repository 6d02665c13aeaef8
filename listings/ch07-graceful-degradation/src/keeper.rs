//! The keeper: it looks at the files and at the clock, and knows how what is served stands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ch02_hot_reload::identity::{self, Peers, Reason, Rejected, Source};
use ch02_hot_reload::{IdentityStore, Loader, Reload};
use ch05_race_conditions::{Beside, Options as Care, Reader};
use parking_lot::{Mutex, MutexGuard};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::budget::{self, Level, Thresholds, Window};
use crate::settings::Settings;
use crate::state::{Counted, Lasting, State};

/// Seconds by which two clocks may differ before it is called a step. Slewing stays far below.
const STEP: i64 = 10;

/// Keeps an identity current, and knows how it stands.
#[derive(Debug)]
pub struct Keeper {
    pub(crate) store: Arc<IdentityStore>,
    pub(crate) reader: Arc<Reader>,
    // What was wrong beside the first identity: it was so before this server came.
    pub(crate) at_first: Beside,
    pub(crate) clock: Arc<dyn TimeProvider>,
    pub(crate) settings: Settings,
    pub(crate) state: Mutex<State>,
    pub(crate) alarm: watch::Sender<Alarm>,
    pub(crate) counted: Counted,
}

/// How alarmed the keeper is, and about which generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The generation.
    pub generation: u64,
    /// Its level when the keeper last looked at the clock.
    pub level: Level,
}

impl Keeper {
    // ANCHOR: look
    /// Looks at the files once. Returns how long to wait where they hold an identity that is not
    /// valid yet. What is served changes only when something better is there.
    pub fn look(&self, now: UnixTime) -> Option<Duration> {
        let outcome = self.store.reload();
        let (source, current) = (self.store.source(), self.store.current());
        let served = &current.identity.certified.cert;
        // Time is asked of the clock. An end that has come must not hide that no peer trusts it.
        let within = self.window().1.map_or(now, |window| window.nearest(now));
        let verdict = ch05_race_conditions::anchors(source).and_then(|anchors| {
            identity::validate_chain(Peers::Clients, source, served, &anchors, within)
        });
        let mut state = self.state();
        let told = state.told.take();
        let mut until = None;
        match outcome {
            Reload::Loaded(_) => {}
            Reload::Unchanged if told.is_none() => {}
            // The files were bad, and are again what is served.
            Reload::Unchanged => {
                let generation = current.number;
                tracing::info!(event = "reload_skipped", generation, why = "unchanged");
            }
            Reload::Rejected(rejected) => {
                until = rejected.valid_from;
                let news = !told.is_some_and(|told| told.repeats(&rejected));
                self.count_rejection(&rejected);
                match until {
                    Some(until) if news => self.log_held(&rejected, now, until),
                    None if news => self.store.log_rejected(&rejected),
                    _ => {}
                }
                state.told = Some(rejected);
            }
        }
        // That a file cannot be read now says nothing about peers.
        let lasting = |by: &Rejected| matches!(by.reason, Reason::ChainBroken | Reason::NameLost);
        state.looked(Instant::now(), verdict.err().filter(lasting));
        // What is held is waited for, and nothing is wrong with it.
        let (rejected, looked) = (state.told.is_some() && until.is_none(), state.looked);
        state.rejected.note(rejected, looked);
        let distrusted = !self.reader.beside().trust.is_empty();
        state.distrusted.note(distrusted, looked);
        until.map(|until| budget::wait(now, until))
    }
    // ANCHOR_END: look

    // ANCHOR: raise
    /// Compares the clock with the end of what is served. Touches no file: a mount that hangs must
    /// not silence the alarm.
    pub fn raise_or_clear(&self, now: UnixTime) {
        self.notice_step(now);
        let (generation, Some(window)) = self.window() else {
            return;
        };
        let level = window.level(now, self.thresholds(window));
        let before = *self.alarm.borrow();
        let known = if before.generation == generation {
            before.level
        } else {
            // A new generation starts without an alarm. It may earn one at once.
            Level::Fresh
        };
        let seconds_left = window.seconds_left(now);
        let name = level.name();
        if level > known {
            tracing::warn!(
                event = "identity_expiring",
                generation,
                level = name,
                seconds_left
            );
        } else if level < before.level {
            tracing::info!(
                event = "alarm_cleared",
                generation,
                level = name,
                seconds_left
            );
        }
        self.alarm.send_replace(Alarm { generation, level });
    }
    // ANCHOR_END: raise

    /// Loads the first generation. There is nothing to fall back to yet.
    ///
    /// # Errors
    /// When the files are not valid at the time that `clock` shows.
    pub fn start(
        source: Source,
        clock: Arc<dyn TimeProvider>,
        settings: Settings,
    ) -> Result<Arc<Self>, Rejected> {
        // Time passes by the clock that nobody steps, and certificates end by the other.
        let passing = Arc::new(|| Instant::now().into_std());
        let reader = Reader::with_clock(Care::default(), passing);
        Self::start_by(reader, source, clock, settings)
    }

    /// [`Keeper::start`], with files that are read by this reader.
    ///
    /// # Errors
    /// As [`Keeper::start`].
    pub fn start_by(
        reader: Reader,
        source: Source,
        clock: Arc<dyn TimeProvider>,
        settings: Settings,
    ) -> Result<Arc<Self>, Rejected> {
        let reader = Arc::new(reader.by_date(clock.clone()));
        let reading = reader.clone();
        let loader = Loader {
            read: Box::new(move |source, serving| reading.read(source, serving)),
            ..Loader::default()
        };
        let store = IdentityStore::start_by(loader, source)?;
        let state = State {
            looked: Instant::now(),
            told: None,
            rejected: Lasting::default(),
            distrusted: Lasting::default(),
            degraded: false,
            deaf: false,
            objected: Lasting::default(),
            objection: None,
            window: (0, None),
            clocks: None,
        };
        let alarm = Alarm {
            generation: store.current().number,
            level: Level::Fresh,
        };
        Ok(Arc::new(Self {
            store,
            at_first: reader.beside(),
            reader,
            clock,
            settings,
            state: Mutex::new(state),
            alarm: watch::Sender::new(alarm),
            counted: Counted::default(),
        }))
    }

    /// What is being kept.
    pub fn store(&self) -> &Arc<IdentityStore> {
        &self.store
    }

    /// The alarm, to read or to wait for.
    pub fn alarm(&self) -> watch::Receiver<Alarm> {
        self.alarm.subscribe()
    }

    /// The generation that is served, and when it is valid.
    pub(crate) fn window(&self) -> (u64, Option<Window>) {
        let generation = self.store.current();
        let mut state = self.state();
        if state.window.0 != generation.number {
            let now = self.clock.current_time().unwrap_or_else(UnixTime::now);
            let source = self.store.source();
            let window = Window::of_identity(source, &generation.identity, now);
            state.window = (generation.number, window);
        }
        state.window
    }

    pub(crate) fn thresholds(&self, window: Window) -> Thresholds {
        let Settings { renewal, poll, .. } = self.settings;
        renewal.thresholds(window.lifetime(), poll)
    }

    fn notice_step(&self, now: UnixTime) {
        let here = Instant::now();
        let Some((then, there)) = self.state().clocks.replace((now, here)) else {
            return;
        };
        let shown = now.as_secs() as i64 - then.as_secs() as i64;
        let seconds = shown - here.duration_since(there).as_secs() as i64;
        if seconds.abs() > STEP {
            self.counted.clock_steps.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(event = "clock_stepped", seconds);
        }
    }

    fn log_held(&self, rejected: &Rejected, now: UnixTime, until: UnixTime) {
        tracing::info!(
            event = "identity_held",
            generation = self.store.current().number,
            file = %rejected.file.display(),
            seconds = budget::wait(now, until).as_secs(),
        );
    }

    fn count_rejection(&self, rejected: &Rejected) {
        let at = Reason::ALL.iter().position(|r| *r == rejected.reason);
        // `ALL` has every reason.
        if let Some(at) = at {
            self.counted.rejections[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count_handshake(&self, completed: bool) {
        let counted = &self.counted;
        let counter = if completed {
            &counted.handshakes_completed
        } else {
            &counted.handshakes_failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A client could not be accepted at this attempt, for lack of a descriptor say.
    pub(crate) fn count_accept_failed(&self) {
        self.counted.accepts_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every field is replaced whole: a panic elsewhere leaves nothing half done.
        self.state.lock()
    }
}
