//! A check: clients at work, rotations in between, and then the judgement.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lab::agent::Agent;
use lab::authority::Issued;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clients::Clients;
use crate::judge::{Judgement, judge};
use crate::open_loop::{finished, open_loop};
use crate::rotation::{Window, until_shown};

/// A server whose files an agent rotates.
pub trait Server {
    /// Where it listens, now and later.
    fn address(&self) -> watch::Receiver<SocketAddr>;

    /// Tells it of new files, where it is to be told.
    ///
    /// # Errors
    /// When that fails.
    fn notify(&mut self, clients: &mut Clients) -> impl Future<Output = io::Result<()>> + Send;
}

/// How a server is checked.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The number of rotations.
    pub rotations: u32,
    /// Full handshakes a second.
    pub rate: f64,
    /// Downloads that are in progress at once.
    pub downloads: usize,
    /// The time before, between and after rotations.
    pub pause: Duration,
    /// How long the new certificate may take to be shown.
    pub within: Duration,
}

// ANCHOR: check
/// Checks a server that serves what `agent` has written first: `served`.
///
/// # Errors
/// When the agent cannot issue or write.
pub async fn check(
    agent: &mut Agent,
    served: &Issued,
    server: &mut impl Server,
    plan: Plan,
) -> io::Result<Judgement> {
    let (stop, stopping) = watch::channel(false);
    let mut clients = Clients::new(agent.root_pem(), server.address(), stopping.clone())?;
    clients.expect(served);
    let mut load = JoinSet::new();
    for _ in 0..plan.downloads {
        load.spawn(clients.clone().download());
    }
    let (each, recorder) = (clients.clone(), clients.recorder.clone());
    let full = move |due| each.clone().full(due);
    load.spawn(open_loop(plan.rate, stopping, recorder, full));
    let mut windows = Vec::new();
    for _ in 0..plan.rotations {
        // What cannot begin is recorded as failed; so whether this comes in time does not matter.
        let mut downloading = clients.downloading.subscribe();
        let all = downloading.wait_for(|many| *many == plan.downloads);
        let _ = timeout(plan.within, all).await;
        sleep(plan.pause).await;
        windows.push(rotate(agent, server, &mut clients, plan.within).await?);
    }
    sleep(plan.pause).await;
    stop.send_replace(true);
    while let Some(ended) = load.join_next().await {
        finished(ended);
    }
    Ok(judge(&clients.recorder.records(), &windows))
}
// ANCHOR_END: check

/// Issues, writes, tells the server, and watches.
async fn rotate(
    agent: &mut Agent,
    server: &mut impl Server,
    clients: &mut Clients,
    within: Duration,
) -> io::Result<Window> {
    let recorder = clients.recorder.clone();
    let issued = agent.issue()?;
    let generation = clients.expect(&issued);
    let began = recorder.now();
    agent.write(&issued)?;
    let complaint = server.notify(clients).await.err();
    let notified = recorder.now();
    let shown = until_shown(clients, &recorder, generation, within).await;
    Ok(Window {
        generation,
        serial: issued.facts.serial,
        began,
        notified,
        first_new: shown.first,
        converged: shown.converged,
        end: recorder.now(),
        complaint: complaint.map(|error| error.to_string()),
    })
}
