//! What the server says of itself, compared with what was done to it.

use std::io;
use std::time::Duration;

use ch02_hot_reload::identity::Reason;
use ch09_simulating_rotation::{Sabotage, Writer};
use lab::event::Event;
use lab::log::{Want, want};
use tokio::time::timeout;

use super::stage::StageReport;
use crate::attempt::Recorder;
use crate::error::Error;
use crate::judge::findings::finding;
use crate::judge::of_server::of_server;
use crate::report::{Code, Severity};
use crate::testbed::TestBed;
use crate::testbed::rotate::rotate;
use crate::testbed::shared::SharedFixtures;

/// Rotates, writes a key that belongs to nothing, rotates again; and reads what was logged.
pub(super) async fn audit(fixtures: &SharedFixtures, stage: &mut StageReport) -> io::Result<()> {
    match heard(fixtures, stage).await {
        Ok(true) => {}
        Ok(false) => {
            stage.unseen = true;
            stage
                .skipped
                .push("the contract's events: it logs none of them".into());
        }
        Err(error) => stage.not_started(error)?,
    }
    Ok(())
}

/// Whether it logs the contract's events at all.
async fn heard(fixtures: &SharedFixtures, stage: &mut StageReport) -> Result<bool, Error> {
    let mut testbed = fixtures.start(Writer::VaultAgent).await?;
    let recorder = Recorder::default();
    let client = testbed.client()?;
    let within = testbed.reload_within();
    let mut missing = Vec::new();

    rotate(&mut testbed, &recorder, &client).await?;
    let first = testbed.good.facts.serial.clone();
    let loaded = |serial: &str| want("identity_loaded").with("serial", serial);
    let rejected = want("identity_rejected");
    if !logged(&testbed, &loaded(&first), 0, within).await {
        missing.push(format!(
            "The identity {first} was shown, and no `identity_loaded` names it."
        ));
    }

    let before = testbed.server.output().log().all(&rejected).len();
    let name = testbed.name().to_owned();
    Sabotage::Mismatched.apply(&mut testbed.site, &mut testbed.authority, &name)?;
    testbed.look_for_key_in_files();
    let _ = testbed.notify().await;
    if !logged(&testbed, &rejected, before, within).await {
        missing.push("A key that belongs to no certificate was written, and no `identity_rejected` followed.".into());
    }

    rotate(&mut testbed, &recorder, &client).await?;
    let last = testbed.good.facts.serial.clone();
    if !logged(&testbed, &loaded(&last), 0, within).await {
        missing.push(format!(
            "After it had refused an identity it showed {last}, and no `identity_loaded` names that."
        ));
    }

    let log = testbed.server.output().log().clone();
    if !missing.is_empty() && !log.all(&want("lines_lost")).is_empty() {
        missing.clear();
        stage
            .skipped
            .push("what its log lacks: it says that lines are lost, and they may hold it".into());
    }
    missing.extend(log.all(&rejected).iter().filter_map(unknown_reason));
    stage.rotations += 2;
    stage.findings.extend(of_server(&mut testbed.server, "log"));
    if log.all(&want("identity_loaded")).is_empty() && log.all(&rejected).is_empty() {
        return Ok(false);
    }
    stage.findings.extend(
        missing
            .into_iter()
            .map(|words| finding(Severity::Failure, Code::LogIncomplete, "log", words)),
    );
    Ok(true)
}

/// What is wrong with the reason of an `identity_rejected`, if anything.
fn unknown_reason(rejected: &Event) -> Option<String> {
    let reason = rejected.text("reason").unwrap_or_default();
    let known = Reason::ALL.iter().any(|known| known.name() == reason);
    (!known).then(|| {
        format!(
            "An `identity_rejected` gives the reason `{reason}`, which is not one of the contract."
        )
    })
}

/// Waits until more than `before` events are as wanted. A server that has logged nothing of the
/// contract is not waited for.
async fn logged(testbed: &TestBed, wanted: &Want, before: usize, within: Duration) -> bool {
    let log = testbed.server.output().log();
    let waiting = log.find(wanted, before + 1);
    // What is shown has been loaded: the line is on its way, if it comes at all.
    let silent = log.all(&want("identity_loaded")).is_empty();
    let bound = if silent {
        within.min(Duration::from_secs(1))
    } else {
        within
    };
    matches!(timeout(bound, waiting).await, Ok(Some(_)))
}
