//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate.

use std::time::Duration;

use lab::authority::Issued;
use lab::client::Client;

use crate::attempt::{Attempt, Class, FailureKind, Recorder};
use crate::error::Error;
use crate::testbed::TestBed;
use ch11_verification::rotation::{self, Watched, Window};

/// Issues, writes, tells the server, and watches.
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
    };
    rotation::until_shown(&mut server, recorder, generation, within).await
}

/// The server of a test bed, as one client sees it.
struct Observed<'a> {
    testbed: &'a mut TestBed,
    recorder: &'a Recorder,
    client: &'a Client,
}

impl Watched<FailureKind> for Observed<'_> {
    async fn handshake(&mut self) -> Attempt {
        let mut attempt = Attempt::opening(Class::Full, self.recorder.now());
        let (sighting, outcome) = self.testbed.target.probe(self.client).await;
        attempt.done = self.recorder.now();
        if let Some(sighting) = sighting {
            attempt.handshake_done = Some(self.recorder.at(sighting.at));
            attempt.shown = self.testbed.chains.generation(&sighting.seen);
        }
        if let Err(failed) = outcome {
            (attempt.failed, attempt.error) = (Some(failed.kind), Some(failed.error));
        }
        attempt
    }

    fn is_alive(&mut self) -> bool {
        self.testbed.server.ended().is_none()
    }
}
