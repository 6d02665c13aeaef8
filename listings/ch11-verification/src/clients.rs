//! Clients of the lab's protocol: full handshakes when they are due, and downloads that never end.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lab::authority::Issued;
use lab::client::{Client, Connection, Failure, Options, Seen};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::attempt::{Attempt, Class, FailureKind, Recorder, lock};
use crate::failure::{Where, kind};
use crate::rotation::{Handshake, Watched};

/// How many bytes a download takes at a time, and how long it pauses in between.
const PIECE: u32 = 4096;
const PACE: Duration = Duration::from_millis(10);

/// The clients of a run, and what they share.
#[derive(Clone)]
pub struct Clients {
    client: Client,
    /// Where the server listens now.
    server: watch::Receiver<SocketAddr>,
    /// The hashes of the chains that were issued. The first is generation 1.
    issued: Arc<Mutex<Vec<String>>>,
    stop: watch::Receiver<bool>,
    /// The newest generation that a handshake has shown.
    newest: watch::Sender<u32>,
    /// How many downloads are in progress.
    pub downloading: watch::Sender<usize>,
    /// Where attempts are written down.
    pub recorder: Arc<Recorder>,
}

impl Clients {
    /// Clients that trust `roots_pem`, and stop once `stop` holds true.
    ///
    /// # Errors
    /// When there is no usable trust anchor.
    pub fn new(
        roots_pem: &str,
        server: watch::Receiver<SocketAddr>,
        stop: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        Ok(Self {
            client: Client::new(roots_pem, "localhost", Options::default())?,
            server,
            issued: Arc::default(),
            stop,
            newest: watch::channel(1).0,
            downloading: watch::channel(0).0,
            recorder: Arc::default(),
        })
    }

    /// Adds a chain that may be shown from now on, and returns its generation.
    pub fn expect(&self, issued: &Issued) -> u32 {
        let mut known = lock(&self.issued);
        known.push(issued.facts.chain_sha256.clone());
        known.len() as u32
    }

    /// The generation of a chain: of the whole chain, not of its serial alone.
    fn generation(&self, seen: &Seen) -> Option<u32> {
        let sha256 = &seen.chain.chain_sha256;
        let known = lock(&self.issued).iter().position(|known| known == sha256);
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
            let began = self.recorder.now();
            let server = *self.server.borrow();
            let (done, shown, outcome) = match self.client.connect(server).await {
                Err(error) => (None, None, Err((error, Where::Opening))),
                Ok(connection) => {
                    let shown = self.generation(connection.seen());
                    (Some(Instant::now()), shown, self.pieces(connection).await)
                }
            };
            let handshake = match outcome {
                Err((error, at)) => failed(done, shown, &error, at),
                Ok(()) => Handshake {
                    done,
                    shown,
                    failed: None,
                },
            };
            let class = Class::Download;
            let attempt = handshake.attempt(began, &self.recorder);
            self.recorder.put(Attempt { class, ..attempt });
            // A server that is away refuses at once. A client that came back at once would only count
            // how fast it is.
            sleep(PACE).await;
        }
    }

    async fn pieces(&self, mut connection: Connection) -> Result<(), (Failure, Where)> {
        let mut stop = self.stop.clone();
        connection
            .pull(PIECE)
            .await
            .map_err(|error| (error, Where::New))?;
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
    /// A new connection with a full handshake, and one byte over it.
    async fn handshake(&mut self) -> Handshake {
        let server = *self.server.borrow();
        let mut connection = match self.client.connect(server).await {
            Ok(connection) => connection,
            Err(error) => return failed(None, None, &error, Where::Opening),
        };
        let (done, shown) = (Some(Instant::now()), self.generation(connection.seen()));
        if let Err(error) = connection.pull(1).await {
            return failed(done, shown, &error, Where::New);
        }
        connection.close().await;
        // A chain that mixes two generations, or ends early, was never issued like this.
        let unknown = (FailureKind::WrongChain, "not issued".to_owned());
        let failed = shown.is_none().then_some(unknown);
        Handshake {
            done,
            shown,
            failed,
        }
    }

    /// They go on asking.
    fn is_alive(&mut self) -> bool {
        true
    }
}

fn failed(done: Option<Instant>, shown: Option<u32>, error: &Failure, at: Where) -> Handshake {
    let failed = Some((kind(error, at), error.to_string()));
    Handshake {
        done,
        shown,
        failed,
    }
}
