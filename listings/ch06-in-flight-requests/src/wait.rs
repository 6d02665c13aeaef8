//! What a client may not take forever.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep_until};

/// Something that a client has begun, and the server waits for its end. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    bound: Duration,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    begun: bool,
    until: Option<Instant>,
}

impl Wait {
    /// Nothing has begun yet. Once it has, it may take so long.
    pub(crate) fn of(bound: Duration) -> Self {
        let state = Arc::default();
        Self { bound, state }
    }

    /// It has begun. The clock starts when the server waits.
    pub(crate) fn began(&self) {
        self.state.send_if_modified(|now| {
            now.begun = true;
            false
        });
    }

    /// The server waits. The clock starts where something has begun, and goes on where it runs.
    pub(crate) fn waits(&self) {
        self.state.send_if_modified(|now| {
            let starts = now.begun && now.until.is_none();
            if starts {
                now.until = Some(Instant::now() + self.bound);
            }
            starts
        });
    }

    /// It has come to its end.
    pub(crate) fn ended(&self) {
        self.state
            .send_if_modified(|now| std::mem::take(now).until.is_some());
    }

    /// Whether the clock runs.
    pub(crate) fn runs(&self) -> bool {
        self.state.borrow().until.is_some()
    }

    // ANCHOR: overdue
    /// Waits until it has taken too long. Forever where nothing does.
    pub(crate) async fn overdue(&self) {
        let mut states = self.state.subscribe();
        loop {
            let until = states.borrow_and_update().until;
            let overdue = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = overdue => return,
                // The sender lives as long as this does.
                _ = states.changed() => {}
            }
        }
    }
    // ANCHOR_END: overdue
}
