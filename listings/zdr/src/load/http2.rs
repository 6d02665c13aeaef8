//! The classes `http2` and `http3`: requests beside long streams, over connections that are kept.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::attempt::failure::Where;
use crate::attempt::finished;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::load::download::long_stream;
use crate::load::failure::Failed;
use crate::load::kept::KeptConnection;
use crate::load::multiplexed::{Caller, Multiplexed};
use crate::load::probe::{Probe, ProbeContext};
use crate::server::spec::Protocol;

/// The size of an answer beside the long stream, in bytes.
const ANSWER: u64 = 1024;

/// How many requests may wait for their turn on one connection. A machine that is too slow for the rate
/// would otherwise let all of them wait until their time is up, and the server would be blamed.
const WAITING: usize = 16;

/// Opens this many connections with a long stream on each, and sends requests over them in turn, at
/// this many a second.
pub(super) async fn requests_beside_streams(
    context: ProbeContext,
    caller: Caller,
    rate: f64,
    streams: usize,
) {
    let slots: Vec<_> = (0..streams)
        .map(|_| Arc::new(Slot::new(&context, &caller)))
        .collect();
    for slot in &slots {
        slot.clone().open().await;
    }
    let turn = AtomicUsize::new(0);
    let attempt = |due| {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        slots[turn % slots.len()].clone().ask(due)
    };
    context.open_loop(rate, attempt).await;
    for slot in &slots {
        slot.streams_end().await;
    }
}

/// A connection with a long stream on it, and its successor once it is asked to leave.
struct Slot {
    context: ProbeContext,
    caller: Caller,
    places: Semaphore,
    http: tokio::sync::Mutex<Option<KeptConnection<Multiplexed>>>,
    /// Each says whether it has come whole.
    streams: Mutex<JoinSet<bool>>,
}

impl Slot {
    fn new(context: &ProbeContext, caller: &Caller) -> Self {
        Self {
            context: context.clone(),
            caller: caller.clone(),
            places: Semaphore::new(WAITING),
            http: tokio::sync::Mutex::new(None),
            streams: Mutex::default(),
        }
    }

    async fn open(self: Arc<Self>) {
        let due = self.context.recorder.now();
        self.ask(due).await;
    }

    /// Waits for its long streams. One that has stalled is a failure, and found as late as this.
    async fn streams_end(&self) {
        let mut streams = std::mem::take(&mut *self.streams());
        while let Some(ended) = streams.join_next().await {
            finished(ended);
        }
    }

    fn streams(&self) -> MutexGuard<'_, JoinSet<bool>> {
        self.streams.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// One request, written down. It is not made where too many wait already.
    async fn ask(self: Arc<Self>, due: Duration) {
        let Ok(_place) = self.places.try_acquire() else {
            return self.context.recorder.dropped();
        };
        let mut probe = Probe::at(due);
        let asked = self.asked(&mut probe);
        // Waiting for the request before is waiting, too.
        let outcome = self.context.target.in_time(asked).await;
        self.context.put(due, probe, true, outcome);
    }

    /// One request, over the connection that is kept where it can take one.
    async fn asked(&self, probe: &mut Probe) -> Result<(), Failed> {
        let (context, target) = (&self.context, &self.context.target);
        let mut held = self.http.lock().await;
        if let Some(mut http) = held.take() {
            let asked = http.request(async |http| match http.is_closed() {
                true => Err(Failed::unsent()),
                false => http.request(target, ANSWER, Where::Kept).await,
            });
            match asked.await {
                Ok(()) => {
                    self.go_on_streaming(&mut http).await?;
                    *held = Some(http);
                    return Ok(());
                }
                Err(failed) if failed.unsent => context.recorder.graceful_close(context.class),
                Err(failed) => return Err(failed),
            }
        }
        let mut http = self.caller.connect(context, probe).await?;
        http.request(target, ANSWER, Where::New).await?;
        // Where nobody has named a long answer, there is none.
        if target.protocol == Protocol::Http || target.download.is_some() {
            self.begin_stream(&mut http).await?;
        }
        *held = Some(KeptConnection::new(context, http));
        Ok(())
    }

    /// Begins another long stream where the last one has come whole.
    async fn go_on_streaming(&self, http: &mut Multiplexed) -> Result<(), Failed> {
        let ended = self.streams().try_join_next();
        match ended.and_then(finished) {
            Some(true) => self.begin_stream(http).await,
            _ => Ok(()),
        }
    }

    /// Asks for a long stream, which is taken from then on beside the requests.
    async fn begin_stream(&self, http: &mut Multiplexed) -> Result<(), Failed> {
        let stream = http.start(&self.context.target).await?;
        let mut streams = self.streams();
        while let Some(ended) = streams.try_join_next() {
            finished(ended);
        }
        streams.spawn(long_stream(self.context.clone(), stream));
        Ok(())
    }
}
