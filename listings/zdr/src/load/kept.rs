//! A connection that is kept, and written down once it is not: it is at risk in each rotation that it
//! meets.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::{Class, Kept, Recorder};
use ch06_in_flight_requests::client::Http;

use crate::load::failure::Failed;
use crate::load::probe::ProbeContext;

/// A connection that is kept for more than one request.
pub(super) struct KeptConnection<C = Http> {
    connection: C,
    class: Class,
    since: Duration,
    /// When it was last known to be open: the end of the last answer.
    answered: Duration,
    /// The server closed it, nobody knows when.
    closed: bool,
    /// A request over it was not answered.
    lost: bool,
    recorder: Arc<Recorder>,
}

impl<C> KeptConnection<C> {
    /// A connection that was just opened.
    pub fn new(context: &ProbeContext, connection: C) -> Self {
        let now = context.recorder.now();
        Self {
            connection,
            class: context.class,
            since: now,
            answered: now,
            closed: false,
            lost: false,
            recorder: context.recorder.clone(),
        }
    }

    /// Sends a request, and remembers whether it was lost. One that is given up, because its time runs
    /// out, is.
    pub async fn request<T>(
        &mut self,
        request: impl AsyncFnOnce(&mut C) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        self.lost = true;
        let outcome = request(&mut self.connection).await;
        match &outcome {
            Ok(_) => self.answered = self.recorder.now(),
            Err(failed) => self.closed = failed.unsent,
        }
        self.lost = outcome.is_err() && !self.closed;
        outcome
    }

    /// For how long nothing has come over it.
    pub fn idle(&self) -> Duration {
        self.recorder.now().saturating_sub(self.answered)
    }

    /// A request met the end of its time-out: as if it had been found closed.
    pub fn timed_out(mut self) {
        self.closed = true;
        self.lost = false;
    }

    /// It is found closed, and without a request. So it was at risk in no rotation that came after its last
    /// answer: it may have been closed before.
    pub fn found_closed(mut self) {
        self.closed = true;
    }
}

impl<C> Deref for KeptConnection<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C> DerefMut for KeptConnection<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}

impl<C> Drop for KeptConnection<C> {
    fn drop(&mut self) {
        self.recorder.put_kept(Kept {
            class: self.class,
            from: self.since,
            until: match self.closed {
                true => self.answered,
                false => self.recorder.now(),
            },
            lost: self.lost,
        });
    }
}
