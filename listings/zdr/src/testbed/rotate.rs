//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate.

use std::time::Duration;

use lab::authority::Issued;
use lab::client::Client;
use tokio::time::sleep;

use crate::attempt::{Attempt, Class, FailureKind, Recorder};
use crate::error::Error;
use crate::load::Target;
use crate::testbed::TestBed;
use crate::testbed::beside::attempt;
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
    testbed.target.usual.close();
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
    testbed.target.usual.close();
    let complained = testbed.server.output().complained();
    let complaint = testbed.notify().await.err();
    let notified = recorder.now();
    let generation = testbed.chains.latest();
    let (first_new, converged) = until_shown(testbed, recorder, client, generation).await;
    // Why it did not, it may have said.
    let output = testbed.server.output();
    let said = || output.complaint_since(complained);
    let complaint = complaint.or_else(|| first_new.is_none().then(said).flatten());
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

/// From one client to the next where few come.
const SELDOM: Duration = Duration::from_millis(500);

/// One client comes after the other, two a second, and each is written down. This has no end of its own.
pub(crate) async fn few_come(target: &Target, recorder: &Recorder, client: &Client) {
    loop {
        let probing = async || target.probe(client).await;
        let come = attempt(Class::Full, target, recorder, probing).await;
        recorder.put(come);
        sleep(SELDOM).await;
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
