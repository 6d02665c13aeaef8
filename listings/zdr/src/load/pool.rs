//! The class `pooled`: HTTP/1.1 requests over connections that are kept, as a client library keeps
//! them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::attempt::failure::Where;
use ch11_verification::attempt::Class;
use lab::client::Client;

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
}

/// Connections on which nothing is under way, the one that was used longest ago first.
struct Pool {
    context: ProbeContext,
    client: Client,
    idle: Mutex<VecDeque<KeptConnection>>,
}

impl Pool {
    /// Opens the first connections. Each is an attempt. Where one fails, requests open the others.
    async fn fill(&self, size: usize) {
        let (context, target) = (&self.context, &self.context.target);
        for _ in 0..size {
            let began = context.recorder.now();
            let mut probe = Probe::at(began);
            let opening = context.connect(&self.client, &mut probe);
            let opened = target.in_time(opening).await;
            let is_open = opened.is_ok();
            let outcome = opened.map(|http| {
                self.idle().push_back(KeptConnection::new(context, http));
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
        while let Some(mut http) = self.next() {
            let asked = http.request(async |http| target.request(http, ANSWER, Where::Kept).await);
            match asked.await {
                Ok(true) => {
                    context.recorder.graceful_close(Class::Pooled);
                    return Ok(());
                }
                Ok(false) => {
                    self.idle().push_back(http);
                    return Ok(());
                }
                // It was not sent: each client asks again over another connection.
                Err(failed) if failed.unsent => context.recorder.graceful_close(Class::Pooled),
                Err(failed) => return Err(failed),
            }
        }
        let mut http = context.connect(&self.client, probe).await?;
        if !target.request(&mut http, ANSWER, Where::New).await? {
            self.idle().push_back(KeptConnection::new(context, http));
        }
        Ok(())
    }

    /// The connection that has been idle for longest and is still open.
    fn next(&self) -> Option<KeptConnection> {
        loop {
            let http = self.idle().pop_front()?;
            if !http.is_closed() {
                return Some(http);
            }
            self.context.recorder.graceful_close(Class::Pooled);
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<KeptConnection>> {
        self.idle.lock().unwrap_or_else(|e| e.into_inner())
    }
}
