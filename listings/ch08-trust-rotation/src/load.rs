//! The load of the demo: callers that call again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch06_in_flight_requests::client::Http;
use ch08_trust_rotation::client::{self, Generations};
use lab::BOUND;
use lab::client::Failure;
use tokio::sync::watch;

use crate::parties::Caller;

/// Between two calls of a client.
const PAUSE: Duration = Duration::from_millis(25);

/// Every caller calls again and again, and keeps one connection open meanwhile.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    told: watch::Receiver<Vec<Told>>,
}

/// What became of calls.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    ended: bool,
}

impl Load {
    /// Every caller begins to call.
    pub(crate) fn start(callers: &[Caller], address: SocketAddr) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, told) = watch::channel(vec![Told::default(); callers.len()]);
        let tell = Arc::new(tell);
        for (index, caller) in callers.iter().enumerate() {
            let (store, stopped, tell) = (caller.store.clone(), stopped.clone(), tell.clone());
            tokio::spawn(async move {
                let mut held = None;
                while !*stopped.borrow() {
                    let failed = call(&store, address, &mut held).await.is_err();
                    tell.send_modify(|told| {
                        told[index].calls += 1;
                        told[index].failed += u64::from(failed);
                    });
                    tokio::time::sleep(PAUSE).await;
                }
                if let Some(http) = held {
                    http.close().await;
                }
                tell.send_modify(|told| told[index].ended = true);
            });
        }
        Self { stop, told }
    }

    /// Waits until each caller has made two calls that begin from now on.
    pub(crate) async fn calls(&self) {
        let mut told = self.told.clone();
        let now = told.borrow().clone();
        // The next to end has begun before.
        let enough = |told: &Vec<Told>| {
            let mut both = told.iter().zip(&now);
            both.all(|(told, before)| told.calls >= before.calls + 3)
        };
        let waiting = tokio::time::timeout(BOUND, told.wait_for(enough));
        assert!(waiting.await.is_ok(), "waited {BOUND:?} for calls");
    }

    /// Lets every caller finish, and says what became of its calls.
    pub(crate) async fn stop(mut self) -> Told {
        self.stop.send_replace(true);
        let ended = |told: &Vec<Told>| told.iter().all(|told| told.ended);
        let waiting = tokio::time::timeout(BOUND, self.told.wait_for(ended));
        assert!(
            waiting.await.is_ok(),
            "waited {BOUND:?} for the load to end"
        );
        let told = self.told.borrow();
        Told {
            calls: told.iter().map(|told| told.calls).sum(),
            failed: told.iter().map(|told| told.failed).sum(),
            ended: true,
        }
    }
}

/// One call over the connection that is held, and one over a new one.
async fn call(
    store: &Generations,
    address: SocketAddr,
    held: &mut Option<Http>,
) -> Result<(), Failure> {
    let called = async {
        let mut http = match held.take() {
            Some(http) => http,
            None => client::connect(store, address).await?,
        };
        // Asked to leave: the next call opens another.
        if http.get(1).await? {
            http.close().await;
        } else {
            *held = Some(http);
        }
        client::connect(store, address).await?.close().await;
        Ok(())
    };
    let called: Result<(), Failure> = called.await;
    if let Err(failure) = &called {
        tracing::warn!(event = "probe_failed", why = %failure);
    }
    called
}
