//! One rotation, watched: from the agent's first write to the moment from which every handshake
//! shows the new certificate.

use std::io;
use std::time::Duration;

use lab::authority::Issued;
use lab::client::Client;
use tokio::time::sleep;

use crate::record::{Class, Record, Recorder};
use crate::stage::Stage;

/// So many handshakes in a row must show the new certificate. With two workers, one of which lags,
/// all of them meet the other one in 1 of 2,048 cases.
const IN_A_ROW: u32 = 12;

/// Pauses between two looks.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(50);

/// A rotation, in the recorder's time.
#[derive(Clone, Debug)]
pub struct Window {
    /// The generation that was written.
    pub generation: u32,
    /// Its serial.
    pub serial: String,
    /// The agent begins to write.
    pub began: Duration,
    /// The files are there, and the server has been told.
    pub told: Duration,
    /// The first handshake that shows it is complete.
    pub first_new: Option<Duration>,
    /// As many in a row have shown it as are asked for.
    pub settled: Option<Duration>,
    /// It is over, one way or the other.
    pub end: Duration,
    /// What the way of reloading complained of.
    pub complaint: Option<String>,
}

/// Issues, writes, tells the server, and watches.
///
/// # Errors
/// When the files cannot be written.
pub async fn rotate(
    stage: &mut Stage,
    recorder: &Recorder,
    client: &Client,
    within: Duration,
) -> io::Result<Window> {
    let issued = stage.issue()?;
    let began = recorder.now();
    stage.site.write(&issued)?;
    watch(stage, recorder, client, within, issued, began).await
}

/// Tells the server of files that were written since `began`, and watches.
///
/// # Errors
/// None yet.
pub async fn watch(
    stage: &mut Stage,
    recorder: &Recorder,
    client: &Client,
    within: Duration,
    issued: Issued,
    began: Duration,
) -> io::Result<Window> {
    let complaint = stage.tell().await.err();
    let told = recorder.now();
    let generation = stage.chains.latest();
    let (first_new, settled) = until_shown(stage, recorder, client, generation, within).await;
    let serial = issued.facts.serial.clone();
    stage.good = issued;
    Ok(Window {
        generation,
        serial,
        began,
        told,
        first_new,
        settled,
        end: recorder.now(),
        complaint,
    })
}

// ANCHOR: until_shown
/// Comes again and again, until so many handshakes in a row have shown this generation. Returns
/// when the first of all did, and when that was so.
pub async fn until_shown(
    stage: &mut Stage,
    recorder: &Recorder,
    client: &Client,
    generation: u32,
    within: Duration,
) -> (Option<Duration>, Option<Duration>) {
    let start = recorder.now();
    let bound = start + within;
    let (mut first, mut row) = (None, 0);
    loop {
        let began = recorder.now();
        let (seen, outcome) = stage.target.visit(client).await;
        let shown = seen.as_ref().and_then(|seen| stage.chains.generation(seen));
        let done = recorder.now();
        let failed = outcome.err();
        let is_new = failed.is_none() && shown == Some(generation);
        recorder.put(Record {
            class: Class::Full,
            due: began,
            began,
            done,
            failed: failed.as_ref().map(|failed| failed.kind),
            why: failed.map(|failed| failed.why),
            shown,
            resumed: false,
            opened: true,
            paced: false,
        });
        if is_new {
            first.get_or_insert(done);
            row += 1;
            if row == IN_A_ROW {
                return (first, Some(done));
            }
        } else {
            row = 0;
            // As often as the question is asked, so exact is the answer: to a fiftieth of it, since
            // the server has other work to do.
            let waited = recorder.now().saturating_sub(start);
            sleep((waited / 50).clamp(SHORTEST, LONGEST)).await;
        }
        // Whoever begins in time may show it as often as is asked for.
        if (row == 0 && recorder.now() > bound) || stage.server.ended().is_some() {
            return (first, None);
        }
    }
}
// ANCHOR_END: until_shown
