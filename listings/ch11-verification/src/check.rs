//! A check: clients at work, rotations in between, and then the judgement.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lab::agent::Agent;
use lab::authority::Issued;
use lab::client::{Client, Connection, Failure, Options, Seen};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::attempt::{Attempt, Class, Recorder};
use crate::judge::{Judgement, judge};
use crate::open_loop::open_loop;
use crate::rotation::{Watched, Window, until_shown};

/// Full handshakes a second, downloads at once, and the time before, between and after rotations.
const RATE: f64 = 100.0;
const DOWNLOADS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);
/// How many attempts may be in progress. More would only measure this side.
const MOST: usize = 512;
/// How many bytes a download takes at a time, and how long it pauses in between.
const PIECE: u32 = 4096;
const PACE: Duration = Duration::from_millis(10);

/// A server whose files an agent rotates.
pub trait Server {
    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Tells it of new files, where it has to be told. An error is the rotation's complaint.
    fn notify(&mut self, _clients: &Clients) -> impl Future<Output = io::Result<()>> {
        std::future::ready(Ok(()))
    }
}

// ANCHOR: check
/// Checks a server that serves `served`, written by `agent`. A new certificate may take `within`.
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
    let client = Client::new(agent.root_pem(), "localhost", Options::default())?;
    let mut clients = Clients::new(client, server.address(), served);
    let mut load = JoinSet::new();
    for _ in 0..DOWNLOADS {
        load.spawn(clients.clone().downloads(stopping.clone()));
    }
    let (each, now) = (clients.clone(), clients.recorder.now());
    let full = move |due| each.full_if_room(due);
    load.spawn(open_loop(RATE, stopping, now, full));
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
    load.join_all().await;
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
    let (first_new, converged) = until_shown(clients, &recorder, generation, within).await;
    Ok(Window {
        generation,
        serial: issued.facts.serial,
        began,
        notified,
        first_new,
        converged,
        end: recorder.now(),
        complaint: complaint.map(|error| error.to_string()),
    })
}

/// Full handshakes that come when they are due, and downloads that never end, in the lab's protocol.
#[derive(Clone)]
pub struct Clients {
    client: Client,
    server: SocketAddr,
    /// Where attempts are written down.
    pub recorder: Arc<Recorder>,
    /// How many downloads are in progress.
    pub downloading: watch::Sender<usize>,
    /// The hashes of the chains of all generations, and whether a handshake has shown them.
    issued: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Clients {
    /// Clients of a server that serves `served`.
    pub fn new(client: Client, server: SocketAddr, served: &Issued) -> Self {
        let chain = served.facts.chain_sha256.clone();
        Self {
            client,
            server,
            recorder: Arc::default(),
            downloading: watch::Sender::new(0),
            issued: Arc::new(Mutex::new(vec![(chain, true)])),
        }
    }

    /// Adds a chain that may be shown from now on, and returns its generation.
    fn expect(&self, issued: &Issued) -> u32 {
        let mut all = self.issued.lock();
        all.push((issued.facts.chain_sha256.clone(), false));
        all.len() as u32
    }

    /// The generation of a chain: of the whole chain, not of its serial alone. A chain that mixes two
    /// generations, or ends early, has none.
    fn generation(&self, seen: &Seen) -> Option<u32> {
        let mut all = self.issued.lock();
        let is_shown = |(chain, _): &(String, bool)| *chain == seen.chain.chain_sha256;
        let at = all.iter().position(is_shown)?;
        if !mem::replace(&mut all[at].1, true) {
            seen.log();
        }
        Some(at as u32 + 1)
    }

    /// A new connection with a full handshake, and one byte over it.
    async fn open(&self, attempt: &mut Attempt) -> Option<Connection> {
        let opened = async {
            let mut connection = self.client.connect(self.server).await?;
            attempt.handshake_done = Some(self.recorder.now());
            attempt.shown = self.generation(connection.seen());
            connection.pull(1).await.map(|()| connection)
        };
        let opened: Result<_, Failure> = opened.await;
        attempt.done = self.recorder.now();
        attempt.failed = match &opened {
            Err(_) => Some("no answer"),
            Ok(_) => attempt.shown.is_none().then_some("a chain never issued so"),
        };
        attempt.error = opened.as_ref().err().map(ToString::to_string);
        opened.ok()
    }

    /// One handshake that was due at this moment.
    pub async fn full(mut self, due: Duration) {
        let mut attempt = self.handshake().await;
        (attempt.due, attempt.paced) = (due, true);
        self.recorder.put(attempt);
    }

    /// The same, unless as many as may be are in progress. Each holds the recorder.
    pub fn full_if_room(&self, due: Duration) -> Option<impl Future<Output = ()> + use<>> {
        (Arc::strong_count(&self.recorder) < MOST).then(|| self.clone().full(due))
    }

    /// One download after the other. Each goes on until it is cut, or `stop` holds true.
    async fn downloads(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let mut attempt = Attempt::opening(Class::Download, self.recorder.now());
            if let Some(mut connection) = self.open(&mut attempt).await {
                self.downloading.send_modify(|many| *many += 1);
                let cut = loop {
                    tokio::select! {
                        biased;
                        _ = stop.wait_for(|stop| *stop) => break None,
                        () = sleep(PACE) => {}
                    }
                    if let Err(failure) = connection.pull(PIECE).await {
                        break Some(failure.to_string());
                    }
                };
                attempt.failed = cut.as_ref().map(|_| "cut").or(attempt.failed);
                attempt.error = cut;
                self.downloading.send_modify(|many| *many -= 1);
                connection.close().await;
                attempt.done = self.recorder.now();
            }
            self.recorder.put(attempt);
            // A server that is away refuses at once: without a pause this would count how fast.
            sleep(PACE).await;
        }
    }
}

impl Watched<&'static str> for Clients {
    async fn handshake(&mut self) -> Attempt {
        let mut attempt = Attempt::opening(Class::Full, self.recorder.now());
        if let Some(connection) = self.open(&mut attempt).await {
            connection.close().await;
        }
        attempt
    }
}
