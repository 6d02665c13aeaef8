//! A check: clients at work, rotations in between, and then the judgement.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab::agent::Agent;
use lab::authority::Issued;
use lab::client::{Client, Options};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clients::Clients;
use crate::judge::{Judgement, judge};
use crate::open_loop::{finished, open_loop};
use crate::rotation::{Window, until_shown};

/// Full handshakes a second, downloads at once, and the time before, between and after rotations.
const RATE: f64 = 100.0;
const DOWNLOADS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// A server whose files an agent rotates.
pub trait Server {
    /// Where it listens, now and later.
    fn address(&self) -> watch::Receiver<SocketAddr>;

    /// Tells it of new files, where it has to be told.
    ///
    /// # Errors
    /// When that fails.
    fn notify(&mut self, clients: &mut Clients) -> impl Future<Output = io::Result<()>> + Send;
}

// ANCHOR: check
/// Checks a server that serves `served`, which `agent` has written. A new certificate is waited for as
/// long as `within`.
///
/// # Errors
/// When the agent cannot issue or write.
pub async fn check(
    agent: &mut Agent,
    served: &Issued,
    server: &mut impl Server,
    rotations: u32,
    within: Duration,
) -> io::Result<Judgement> {
    let (stop, stopping) = watch::channel(false);
    let mut clients = Clients {
        client: Client::new(agent.root_pem(), "localhost", Options::default())?,
        server: server.address(),
        stop: stopping.clone(),
        recorder: Arc::default(),
        issued: Arc::default(),
        newest: watch::Sender::new(1),
        downloading: watch::Sender::new(0),
    };
    clients.expect(served);
    let mut load = JoinSet::new();
    for _ in 0..DOWNLOADS {
        load.spawn(clients.clone().download());
    }
    let (each, recorder) = (clients.clone(), clients.recorder.clone());
    let full = move |due| each.clone().full(due);
    load.spawn(open_loop(RATE, stopping, recorder, full));
    let mut windows = Vec::new();
    for _ in 0..rotations {
        // A download that cannot begin is recorded as failed. So whether this ends in time is no matter.
        let mut downloading = clients.downloading.subscribe();
        let all = downloading.wait_for(|many| *many == DOWNLOADS);
        let _ = timeout(within, all).await;
        sleep(PAUSE).await;
        windows.push(rotate(agent, server, &mut clients, within).await?);
    }
    sleep(PAUSE).await;
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
