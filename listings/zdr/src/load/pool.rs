//! The class `pooled`: requests of HTTP/1.1, or of another protocol, over connections that are kept, as
//! a client library keeps them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::attempt::failure::Where;
use crate::attempt::{Attempt, FailureKind};
use ch11_verification::attempt::Class;
use lab::client::Client;

use crate::load::conversation::Conversation;
use crate::load::failure::Failed;
use crate::load::kept::KeptConnection;
use crate::load::probe::{Probe, ProbeContext};

/// The size of an answer, in bytes.
const ANSWER: u64 = 1024;

/// Opens `size` connections, and then sends requests over them, at this many a second.
pub(super) async fn requests_over_kept_connections(
    context: ProbeContext,
    client: Client,
    rate: f64,
    size: usize,
) {
    let pool = Arc::new(Pool {
        context: context.clone(),
        client,
        idle: Mutex::default(),
    });
    pool.fill(size).await;
    context.open_loop(rate, |due| pool.clone().ask(due)).await;
    // Those that were closed meanwhile are written down as that.
    while pool.next().is_some() {}
}

type Kept = KeptConnection<Conversation>;

/// Connections on which nothing is under way, the one that was used longest ago first.
struct Pool {
    context: ProbeContext,
    client: Client,
    idle: Mutex<VecDeque<Kept>>,
}

impl Pool {
    /// Opens the first connections. Each is an attempt. Where one fails, requests open the others.
    async fn fill(&self, size: usize) {
        let (context, target) = (&self.context, &self.context.target);
        for _ in 0..size {
            let began = context.recorder.now();
            let mut probe = Probe::at(began);
            let opening = context.converse(&self.client, &mut probe);
            let opened = target.in_time(opening).await;
            let is_open = opened.is_ok();
            let outcome = opened.map(|open| {
                self.idle().push_back(KeptConnection::new(context, open));
            });
            context.put(began, probe, false, outcome);
            if !is_open || context.stopped() {
                return;
            }
        }
    }

    /// One request, written down.
    async fn ask(self: Arc<Self>, due: Duration) {
        let mut probe = Probe::at(due);
        let asked = self.asked(&mut probe);
        let outcome = self.context.target.in_time(asked).await;
        self.context.put(due, probe, true, outcome);
    }

    /// One request, over a connection that is kept where there is one.
    async fn asked(&self, probe: &mut Probe) -> Result<(), Failed> {
        let (context, target) = (&self.context, &self.context.target);
        while let Some(mut kept) = self.next() {
            let (began, idle) = (context.recorder.now(), kept.idle());
            let asked = kept.request(async |kept| kept.request(target, ANSWER, Where::Kept).await);
            match asked.await {
                Ok(true) => {
                    context.recorder.graceful_close(Class::Pooled);
                    return Ok(());
                }
                Ok(false) => {
                    self.idle().push_back(kept);
                    return Ok(());
                }
                // It was not sent: a client may ask again over another connection.
                Err(failed) if failed.unsent => context.recorder.graceful_close(Class::Pooled),
                Err(failed)
                    if failed.kind == FailureKind::Lost && target.usual.may_end_idle(idle) =>
                {
                    kept.timed_out();
                    context.recorder.graceful_close(Class::Pooled);
                    self.timed_out(began, idle, failed);
                }
                Err(failed) => return Err(failed),
            }
        }
        let mut new = context.converse(&self.client, probe).await?;
        if !new.request(target, ANSWER, Where::New).await? {
            self.idle().push_back(KeptConnection::new(context, new));
        }
        Ok(())
    }

    /// Writes a request down that is asked again. Where many were lost at rotations, those were cut.
    fn timed_out(&self, began: Duration, idle: Duration, failed: Failed) {
        let recorder = &self.context.recorder;
        let attempt = Attempt {
            done: recorder.now(),
            failed: Some(failed.kind),
            error: Some(failed.error),
            opened: false,
            paced: true,
            ..Attempt::opening(Class::Pooled, began)
        };
        recorder.put_timed_out(attempt, idle);
    }

    /// The connection that has been idle for longest and is still open.
    fn next(&self) -> Option<Kept> {
        loop {
            let mut kept = self.idle().pop_front()?;
            if !kept.is_closed() {
                return Some(kept);
            }
            self.context.target.usual.ended_idle(kept.idle());
            kept.found_closed();
            self.context.recorder.graceful_close(Class::Pooled);
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.idle.lock().unwrap_or_else(|e| e.into_inner())
    }
}
