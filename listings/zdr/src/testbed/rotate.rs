//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate.

use std::time::Duration;

use lab::authority::Issued;
use lab::client::Client;

use crate::attempt::{Attempt, Class, FailureKind, Recorder};
use crate::error::Error;
use crate::load::failure::Failed;
use crate::load::target::Sighting;
use crate::load::{QuicClient, Target};
use crate::testbed::TestBed;
use ch11_verification::rotation::{self, Watched, Window};

/// Issues, writes, tells the server, and watches. Where there are two kinds of keys, the first is written
/// last: a server that looks when that changes finds both.
///
/// # Errors
/// When the files cannot be written.
pub async fn rotate(
    testbed: &mut TestBed,
    recorder: &Recorder,
    client: &Client,
) -> Result<Window, Error> {
    let issued = testbed.issue()?;
    let began = recorder.now();
    testbed.renew_second()?;
    testbed.site.write(&issued)?;
    Ok(watch(testbed, recorder, client, issued, began).await)
}

/// Tells the server of files that were written since `began`, and watches.
pub async fn watch(
    testbed: &mut TestBed,
    recorder: &Recorder,
    client: &Client,
    issued: Issued,
    began: Duration,
) -> Window {
    let complaint = testbed.notify().await.err();
    let notified = recorder.now();
    let generation = testbed.chains.latest();
    let (first_new, converged) = until_shown(testbed, recorder, client, generation).await;
    let serial = issued.facts.serial.clone();
    testbed.good = issued;
    Window {
        generation,
        serial,
        began,
        notified,
        first_new,
        converged,
        end: recorder.now(),
        complaint,
    }
}

/// Asks for handshakes until as many consecutive ones as are needed have shown this generation, or
/// the server has had the time that its description gives it. Returns the end of the first that
/// showed it, and of the last that was needed.
pub async fn until_shown(
    testbed: &mut TestBed,
    recorder: &Recorder,
    client: &Client,
    generation: u32,
) -> (Option<Duration>, Option<Duration>) {
    let within = testbed.reload_within();
    let mut server = Observed {
        testbed,
        recorder,
        client,
        generation,
        first_new: None,
    };
    let (first, converged) = rotation::until_shown(&mut server, recorder, generation, within).await;
    (server.first_new.or(first), converged)
}

/// A client that sees what the first does not: another listener, or another certificate.
pub(super) struct Beside {
    class: Class,
    target: Target,
    client: AnyClient,
}

enum AnyClient {
    Tls(Client),
    Quic(Box<QuicClient>),
}

impl Beside {
    /// Those of these classes.
    pub fn of(target: &Target, classes: &[Class]) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        if classes.contains(&Class::Quic) {
            all.push(Self {
                class: Class::Quic,
                target: target.clone(),
                client: AnyClient::Quic(Box::new(target.quic_client()?)),
            });
        }
        if let Some(target) = target.second().filter(|_| classes.contains(&Class::Second)) {
            let client = target.client(None, false, target.identity.as_deref())?;
            all.push(Self {
                class: Class::Second,
                target,
                client: AnyClient::Tls(client),
            });
        }
        Ok(all)
    }

    async fn handshake(&self, recorder: &Recorder) -> Attempt {
        match &self.client {
            AnyClient::Tls(client) => {
                let probing = async || self.target.probe(client).await;
                attempt(self.class, &self.target, recorder, probing).await
            }
            AnyClient::Quic(client) => {
                let probing = async || self.target.probe_quic(client).await;
                attempt(self.class, &self.target, recorder, probing).await
            }
        }
    }
}

/// One handshake and one request, and what came of it.
async fn attempt(
    class: Class,
    target: &Target,
    recorder: &Recorder,
    probing: impl AsyncFnOnce() -> (Option<Sighting>, Result<(), Failed>),
) -> Attempt {
    let mut attempt = Attempt::opening(class, recorder.now());
    let (sighting, outcome) = probing().await;
    attempt.done = recorder.now();
    if let Some(sighting) = sighting {
        attempt.handshake_done = Some(recorder.at(sighting.at));
        attempt.shown = target.chains.generation(&sighting.seen);
    }
    if let Err(failed) = outcome {
        (attempt.failed, attempt.error) = (Some(failed.kind), Some(failed.error));
    }
    attempt
}

/// The server of a test bed, as its clients see it.
struct Observed<'a> {
    testbed: &'a mut TestBed,
    recorder: &'a Recorder,
    client: &'a Client,
    generation: u32,
    /// The end of the first handshake that showed the new certificate, to whichever client.
    first_new: Option<Duration>,
}

impl Observed<'_> {
    /// Whether this one has shown the new certificate.
    fn is_new(&mut self, attempt: &Attempt) -> bool {
        let is_new = attempt.failed.is_none() && attempt.shown == Some(self.generation);
        if is_new && self.first_new.is_none() {
            self.first_new = Some(attempt.handshake_done.unwrap_or(attempt.done));
        }
        is_new
    }
}

impl Watched<FailureKind> for Observed<'_> {
    /// One of the client and, as long as that is new, one of each that stands beside it: the first that is
    /// not new, or else the last.
    async fn handshake(&mut self) -> Attempt {
        let target = self.testbed.target.clone();
        let client = self.client;
        let probing = async || target.probe(client).await;
        let mut last = attempt(Class::Full, &target, self.recorder, probing).await;
        for at in 0..self.testbed.beside.len() {
            if !self.is_new(&last) {
                return last;
            }
            let recorder = self.recorder;
            let next = self.testbed.beside[at].handshake(recorder).await;
            recorder.put(std::mem::replace(&mut last, next));
        }
        self.is_new(&last);
        last
    }

    fn is_alive(&mut self) -> bool {
        self.testbed.server.ended().is_none()
    }
}
