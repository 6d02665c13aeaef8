//! The watcher: when to look, and what becomes of a watcher that dies.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ch03_handshake_hook::watch::{Events, Watching, watch_directory_after};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tracing::dispatcher::{get_default, with_default};

use crate::keeper::Keeper;

/// The pause before the first restart of a watcher that died, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Keeper {
    /// Keeps on until the returned task is aborted. A watcher that dies is started again, each
    /// time after a longer pause; after one that had worked, the pauses begin anew.
    pub fn keep(self: Arc<Self>) -> JoinHandle<()> {
        tokio::spawn(self.supervise())
    }

    // ANCHOR: follow
    /// The watcher: looks at every hint and at every tick, and when what was held becomes valid.
    /// Returns only when it cannot go on, with the reason.
    async fn follow(self: Arc<Self>) -> &'static str {
        let (hint, mut hints) = mpsc::channel(1);
        let watching = match self.settings.events {
            Events::Wanted => Some(self.watch(hint)),
            Events::PollOnly => None,
        };
        let watching = Arc::new(Mutex::new(watching));
        let mut ticks = interval(self.settings.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut due, mut held, mut looks) = (false, None, JoinSet::<Option<Duration>>::new());
        loop {
            tokio::select! {
                Some(()) = hints.recv() => due = true,
                _ = ticks.tick() => due = true,
                () = sleep_until(held.unwrap_or_else(Instant::now)), if held.is_some() => {
                    (due, held) = (true, None);
                }
                Some(looked) = looks.join_next() => match looked {
                    Ok(wait) => held = wait.map(|wait| Instant::now() + wait),
                    Err(died) => match died.try_into_panic() {
                        Ok(panic) => resume_unwind(panic),
                        Err(_) => return "the look was cancelled",
                    },
                },
            }
            let Some(now) = self.clock.current_time() else {
                return "the clock has no time";
            };
            self.raise_or_clear(now);
            if due && looks.is_empty() {
                due = false;
                let (keeper, watching) = (self.clone(), watching.clone());
                // On another thread, and its events go where this task's events go.
                let events = get_default(Clone::clone);
                looks.spawn_blocking(move || {
                    with_default(&events, || {
                        keeper.watch_again(&mut watching.lock());
                        keeper.look(now)
                    })
                });
            }
        }
    }
    // ANCHOR_END: follow

    /// What a watcher that died has said of events is not said again by the next one.
    fn watch(&self, hint: mpsc::Sender<()>) -> Watching {
        let said = self.state().degraded;
        let watching = watch_directory_after(said, self.store.source(), hint);
        self.state().degraded = !watching.has_events();
        watching
    }

    /// Before the look, so that a write between the two is seen.
    fn watch_again(&self, watching: &mut Option<Watching>) {
        if let Some(watching) = watching {
            watching.renew();
            self.state().degraded = !watching.has_events();
        }
    }

    // ANCHOR: supervise
    async fn supervise(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            // Dropped with this task, a set takes its tasks along.
            let mut watcher = JoinSet::new();
            watcher.spawn(self.clone().follow());
            let end = match watcher.join_next().await {
                Some(Ok(reason)) => reason.to_owned(),
                Some(Err(died)) => message(died),
                None => return,
            };
            if self.state().looked >= started {
                pause = FIRST_PAUSE;
            }
            let restart_ms = pause.as_millis() as u64;
            tracing::error!(event = "watcher_died", why = end, restart_ms);
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let restarts = self.counted.restarts.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::info!(event = "watcher_restarted", restarts);
        }
    }
    // ANCHOR_END: supervise
}

/// What a task that died has to say.
fn message(died: JoinError) -> String {
    match died.try_into_panic() {
        Ok(panic) => match panic.downcast_ref::<&str>() {
            Some(text) => format!("panicked: {text}"),
            None => match panic.downcast_ref::<String>() {
                Some(text) => format!("panicked: {text}"),
                None => "panicked".into(),
            },
        },
        Err(cancelled) => cancelled.to_string(),
    }
}
