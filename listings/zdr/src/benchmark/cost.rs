//! What a server costs: handshakes for each second of processor time, and memory that rotations leave
//! behind.
//!
//! Server and clients share one machine, so handshakes for each second of the clock would count the
//! clients' work as well. Handshakes for each second of the server's own processor time do not.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ch06_in_flight_requests::client::{Download, Http};
use lab::client::{Client, Connection, Options};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::attempt::Recorder;
use crate::load::narrow;
use crate::server::Server;
use crate::server::origin::DOWNLOAD;
use crate::server::spec::Protocol;
use crate::testbed::TestBed;
use crate::testbed::rotate::rotate;
use crate::testbed::shared::SharedFixtures;

/// How many clients come at once.
const CLIENTS: usize = 8;

/// Handshakes, and what they cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Speed {
    /// Connections, each with one short request.
    pub connections: u64,
    /// How many of them resumed a session.
    pub resumed: u64,
    /// How many failed.
    pub failed: u64,
    /// Processor time that the server took, in seconds.
    pub processor_seconds: f64,
}

impl Speed {
    /// Connections for each second of processor time. Those that failed have cost something, and count as nothing.
    pub fn per_core(&self) -> f64 {
        (self.connections - self.failed) as f64 / self.processor_seconds
    }
}

/// Connects for `time`, again and again. All clients offer one key exchange, X25519, so that a server
/// that knows a better one does not lose by the time that it takes.
///
/// # Errors
/// When no client can be made, or the server's process is not known.
pub async fn speed(testbed: &TestBed, resume: bool, time: Duration) -> io::Result<Speed> {
    let client = x25519(testbed, resume)?;
    if resume {
        // The first of all pays for the session.
        let _ = testbed.target.probe(&client).await;
    }
    let target = testbed.target.clone();
    let attempt = move || {
        let (target, client) = (target.clone(), client.clone());
        async move {
            let (seen, outcome) = target.probe(&client).await;
            Attempted {
                resumed: seen.is_some_and(|shown| shown.seen.resumed),
                failed: outcome.is_err(),
            }
        }
    };
    repeated(&testbed.server, time, attempt).await
}

/// What came of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempted {
    /// Whether it resumed a session.
    pub resumed: bool,
    /// Whether it failed.
    pub failed: bool,
}

/// Lets several clients make attempts for `time`, each one after the other, and counts them and the processor
/// time that the server took meanwhile.
///
/// # Errors
/// When the server's process is not known.
pub(super) async fn repeated<F>(
    server: &Server,
    time: Duration,
    attempt: impl Fn() -> F + Clone + Send + 'static,
) -> io::Result<Speed>
where
    F: Future<Output = Attempted> + Send + 'static,
{
    let mut working = JoinSet::new();
    let stop = Arc::new(AtomicBool::new(false));
    let counts: Arc<[AtomicU64; 3]> = Arc::default();
    let before = server.usage().ok_or_else(unknown)?;
    for _ in 0..CLIENTS {
        let (stop, counts, attempt) = (stop.clone(), counts.clone(), attempt.clone());
        working.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let Attempted { resumed, failed } = attempt().await;
                counts[0].fetch_add(1, Ordering::Relaxed);
                counts[1].fetch_add(u64::from(resumed), Ordering::Relaxed);
                counts[2].fetch_add(u64::from(failed), Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    while working.join_next().await.is_some() {}
    let after = server.usage().ok_or_else(unknown)?;
    let [connections, resumed, failed] = [0, 1, 2].map(|at| counts[at].load(Ordering::Relaxed));
    Ok(Speed {
        connections,
        resumed,
        failed,
        processor_seconds: after.ticks.saturating_sub(before.ticks) as f64
            / rustix::param::clock_ticks_per_second() as f64,
    })
}

/// Where the system does not tell.
pub(super) fn unknown() -> io::Error {
    io::Error::other("the server's process is not known, so its cost cannot be measured")
}

fn x25519(testbed: &TestBed, resume: bool) -> io::Result<Client> {
    let options = Options {
        resume,
        x25519_only: true,
        ..Options::default()
    };
    let identity = testbed.target.identity.as_deref();
    testbed.target.client_with(None, options, identity)
}

/// What rotations leave behind while connections are held.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Held {
    /// Rotations.
    pub rotations: u32,
    /// How many of them were shown in time.
    pub shown: u32,
    /// Connections that were opened, as many in each generation, each with an answer under way.
    pub connections: usize,
    /// How many of them were asked in the end whether they go on.
    pub asked: usize,
    /// How many of those did.
    pub alive: usize,
    /// Memory before, in bytes.
    pub memory_before: u64,
    /// Memory at the end.
    pub memory_after: u64,
    /// Processes at the end.
    pub processes_after: usize,
    /// Open descriptors before and at the end, those of connections aside. `None` where they may not be
    /// looked at, and in figures that are older than this.
    #[serde(default)]
    pub descriptors: Option<(usize, usize)>,
    /// How long it all took, in seconds.
    pub seconds: f64,
}

/// A connection whose answer has begun.
enum Begun {
    Bare(Box<Connection>),
    Http(Box<(Http, Download)>),
}

/// Rotates, and opens so many connections under each generation. Each of them asks for a long answer,
/// takes the beginning, and waits.
///
/// # Errors
/// When the server does not come up, or files cannot be written; when it serves one client after the
/// other, so that none can be held beside another; when it speaks a protocol without long answers.
pub async fn held(fixtures: &SharedFixtures, rotations: u32, each: usize) -> io::Result<Held> {
    if fixtures.spec().protocol.is_dialogue() {
        let error = "it has no long answer, so no connection can be held with one under way";
        return Err(io::Error::other(error));
    }
    let writer = ch09_simulating_rotation::Writer::VaultAgent;
    let mut testbed = fixtures.start(writer).await?;
    let patience = fixtures.patience();
    let client = x25519(&testbed, false)?;
    let recorder = Recorder::default();
    let began = Instant::now();
    let before = testbed.server.usage().ok_or_else(unknown)?;
    let mut held = Held {
        rotations,
        memory_before: before.memory,
        ..Held::default()
    };
    let mut open = Vec::new();
    for _ in 0..rotations {
        for _ in 0..each {
            match timeout(patience, begin(&testbed, &client)).await {
                Ok(begun) => open.extend(begun),
                Err(_) => {
                    let error = "while one connection is held, no other is answered";
                    return Err(io::Error::other(error));
                }
            }
        }
        let window = rotate(&mut testbed, &recorder, &client).await?;
        held.shown += u32::from(window.first_new.is_some());
    }
    held.connections = each * rotations as usize;
    let after = testbed.server.usage().ok_or_else(unknown)?;
    held.memory_after = after.memory;
    held.processes_after = after.processes;
    held.descriptors = before.descriptors.zip(after.descriptors);
    held.seconds = began.elapsed().as_secs_f64();
    let alive = asked(open, patience).await;
    held.asked = alive.len();
    held.alive = alive.into_iter().filter(|alive| *alive).count();
    Ok(held)
}

/// Asks every tenth of them to go on, and says of each whether it did. To ask all of them would be too
/// much.
async fn asked(open: Vec<Begun>, patience: Duration) -> Vec<bool> {
    // All that is buffered on the way would come even from a server that is gone. It is less than this.
    const MORE: u32 = 16 << 20;
    let mut asking = JoinSet::new();
    for begun in open.into_iter().step_by(10) {
        asking.spawn(async move {
            let going = async {
                match begun {
                    Begun::Bare(mut connection) => connection.take(MORE).await.is_ok(),
                    Begun::Http(mut both) => both.1.pull(MORE.into()).await.is_ok(),
                }
            };
            timeout(patience, going).await.unwrap_or(false)
        });
    }
    asking.join_all().await
}

async fn begin(testbed: &TestBed, client: &Client) -> Option<Begun> {
    let address = *testbed.target.address.borrow();
    // With the segments and buffers of the loopback, a thousand clients would take all the memory that the
    // kernel has for TCP: then every connection waits.
    let socket = narrow::socket(address).ok()?;
    let tcp = socket.connect(address).await.ok()?;
    let (stream, seen) = client.handshake(tcp).await.ok()?;
    if testbed.target.protocol == Protocol::Lab {
        let mut connection = Connection::over(stream, seen);
        connection.ask(DOWNLOAD as u32).await.ok()?;
        connection.take(1).await.ok()?;
        return Some(Begun::Bare(connection.into()));
    }
    let mut http = Http::over(stream, seen).await.ok()?;
    let mut body = http.start(DOWNLOAD).await.ok()?;
    body.pull(1).await.ok()?;
    Some(Begun::Http((http, body).into()))
}
