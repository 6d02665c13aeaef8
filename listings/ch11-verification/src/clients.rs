//! Clients of the lab's protocol: full handshakes when they are due, and downloads that never end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lab::authority::Issued;
use lab::client::{Client, Connection, Failure, Seen};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::attempt::{Attempt, Class, FailureKind, Recorder};
use crate::failure::{Where, kind};
use crate::rotation::{Handshake, Watched};

/// How many bytes a download takes at a time, and how long it pauses in between.
const PIECE: u32 = 4096;
const PACE: Duration = Duration::from_millis(10);

/// The clients of a run, and what they share.
#[derive(Clone)]
pub struct Clients {
    /// How they connect.
    pub client: Client,
    /// Where the server listens now.
    pub server: watch::Receiver<SocketAddr>,
    /// Holds true once they are to stop.
    pub stop: watch::Receiver<bool>,
    /// Where attempts are written down.
    pub recorder: Arc<Recorder>,
    /// The hashes of the chains that were issued. The first is generation 1.
    pub issued: Arc<Mutex<Vec<String>>>,
    /// The newest generation that a handshake has shown.
    pub newest: watch::Sender<u32>,
    /// How many downloads are in progress.
    pub downloading: watch::Sender<usize>,
}

/// An error, and how far the attempt had come.
type Failed = (Failure, Where);

impl Clients {
    /// Adds a chain that may be shown from now on, and returns its generation.
    pub fn expect(&self, issued: &Issued) -> u32 {
        let mut known = self.issued.lock();
        known.push(issued.facts.chain_sha256.clone());
        known.len() as u32
    }

    /// The generation of a chain: of the whole chain, not of its serial alone.
    fn generation(&self, seen: &Seen) -> Option<u32> {
        let sha256 = &seen.chain.chain_sha256;
        let known = self.issued.lock().iter().position(|known| known == sha256);
        let generation = known? as u32 + 1;
        let is_first = self.newest.send_if_modified(|newest| {
            let is_first = generation > *newest;
            *newest = generation.max(*newest);
            is_first
        });
        if is_first {
            let (serial, tls) = (&seen.chain.serial, seen.tls);
            tracing::info!(
                event = "handshake_seen",
                serial,
                resumed = seen.resumed,
                tls
            );
        }
        Some(generation)
    }

    /// A new connection with a full handshake, and one byte over it.
    async fn open(&self, handshake: &mut Handshake) -> Result<Connection, Failed> {
        let server = *self.server.borrow();
        let connected = self.client.connect(server).await;
        let mut connection = connected.map_err(|error| (error, Where::Opening))?;
        handshake.done = Some(Instant::now());
        handshake.shown = self.generation(connection.seen());
        let answered = connection.pull(1).await;
        answered.map_err(|error| (error, Where::New))?;
        Ok(connection)
    }

    /// One handshake that was due at this moment.
    pub async fn full(mut self, due: Duration) {
        let began = self.recorder.now();
        let attempt = self.handshake().await.attempt(began, &self.recorder);
        self.recorder.put(Attempt {
            due,
            paced: true,
            ..attempt
        });
    }

    /// One download after the other. Each goes on until it is cut, or the clients are to stop.
    pub async fn download(self) {
        while !*self.stop.borrow() {
            let (began, mut handshake) = (self.recorder.now(), Handshake::default());
            let outcome = match self.open(&mut handshake).await {
                Ok(connection) => self.pieces(connection).await,
                Err(failed) => Err(failed),
            };
            let handshake = with_outcome(handshake, outcome);
            let class = Class::Download;
            let attempt = handshake.attempt(began, &self.recorder);
            self.recorder.put(Attempt { class, ..attempt });
            // A server that is away refuses at once. A client that came back at once would only count
            // how fast it is.
            sleep(PACE).await;
        }
    }

    async fn pieces(&self, mut connection: Connection) -> Result<(), Failed> {
        let mut stop = self.stop.clone();
        self.downloading.send_modify(|many| *many += 1);
        let outcome = loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break Ok(()),
                () = sleep(PACE) => {}
            }
            if let Err(error) = connection.pull(PIECE).await {
                break Err((error, Where::Answer));
            }
        };
        self.downloading.send_modify(|many| *many -= 1);
        connection.close().await;
        outcome
    }
}

impl Watched for Clients {
    async fn handshake(&mut self) -> Handshake {
        let mut handshake = Handshake::default();
        let outcome = match self.open(&mut handshake).await {
            Ok(connection) => {
                connection.close().await;
                Ok(())
            }
            Err(failed) => Err(failed),
        };
        with_outcome(handshake, outcome)
    }

    /// They go on asking.
    fn is_alive(&mut self) -> bool {
        true
    }
}

/// The handshake, with how the attempt ended.
fn with_outcome(mut handshake: Handshake, outcome: Result<(), Failed>) -> Handshake {
    handshake.failed = match outcome {
        Err((error, at)) => Some((kind(&error, at), error.to_string())),
        // A chain that mixes two generations, or ends early, was never issued like this.
        Ok(()) if handshake.shown.is_none() => {
            Some((FailureKind::WrongChain, "the chain was not issued".into()))
        }
        Ok(()) => None,
    };
    handshake
}
