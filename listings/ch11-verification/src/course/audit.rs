//! What the server says of itself, compared with what was done to it.

use std::io;
use std::time::Duration;

use ch02_hot_reload::identity::Reason;
use ch09_simulating_rotation::{Sabotage, Writer};
use lab::log::{Want, want};
use tokio::time::timeout;

use super::{Attempt, Effort};
use crate::check::of_server;
use crate::record::Recorder;
use crate::report::{Code, Severity};
use crate::rotate::rotate;
use crate::spec::Spec;
use crate::stage::{Arena, Stage};
use crate::verdict::finding;

/// Rotates, writes a key that belongs to nothing, rotates again; and reads what was logged.
pub(super) async fn audit(spec: &Spec, arena: &Arena, effort: &Effort, attempt: &mut Attempt) {
    match heard(spec, arena, effort, attempt).await {
        Ok(true) => {}
        Ok(false) => attempt
            .skipped
            .push("the contract's events: it logs none of them".into()),
        Err(why) => attempt.not_started(&why),
    }
}

/// Whether it logs the contract's events at all.
async fn heard(
    spec: &Spec,
    arena: &Arena,
    effort: &Effort,
    attempt: &mut Attempt,
) -> io::Result<bool> {
    let mut stage = Stage::set_up(spec, arena, Writer::VaultAgent, effort.patience).await?;
    let recorder = Recorder::default();
    let identity = stage.target.identity.clone();
    let client = stage.target.client(None, false, identity.as_deref())?;
    let within = Duration::from_millis(spec.limits.reload_within_ms);
    let mut missing = Vec::new();

    rotate(&mut stage, &recorder, &client, within).await?;
    let first = stage.good.facts.serial.clone();
    let loaded = |serial: &str| want("identity_loaded").with("serial", serial);
    let rejected = want("identity_rejected");
    if !logged(&stage, &loaded(&first), 0, within).await {
        missing.push(format!(
            "The identity {first} was shown, and no `identity_loaded` names it."
        ));
    }

    let before = stage.server.said().log().all(&rejected).len();
    let name = stage.name().to_owned();
    Sabotage::Mismatched.apply(&mut stage.site, &mut stage.authority, &name)?;
    let _ = stage.tell().await;
    if !logged(&stage, &rejected, before, within).await {
        missing.push("A key that belongs to no certificate was written, and no `identity_rejected` followed.".into());
    }

    rotate(&mut stage, &recorder, &client, within).await?;
    let last = stage.good.facts.serial.clone();
    if !logged(&stage, &loaded(&last), 0, within).await {
        missing.push(format!(
            "After it had refused an identity it showed {last}, and no `identity_loaded` names that."
        ));
    }

    let log = stage.server.said().log().clone();
    for event in log.all(&rejected) {
        let reason = event.text("reason").unwrap_or_default();
        if !Reason::ALL.iter().any(|known| known.name() == reason) {
            missing.push(format!(
                "An `identity_rejected` gives the reason `{reason}`, which is not one of the contract."
            ));
        }
    }
    attempt.rotations += 2;
    attempt.findings.extend(of_server(&mut stage, "log"));
    if log.all(&want("identity_loaded")).is_empty() && log.all(&rejected).is_empty() {
        return Ok(false);
    }
    attempt.findings.extend(
        missing
            .into_iter()
            .map(|words| finding(Severity::Failure, Code::LogIncomplete, "log", words)),
    );
    Ok(true)
}

/// Waits until more than `before` events are as wanted. A server that has logged nothing of the
/// contract is not waited for.
async fn logged(stage: &Stage, wanted: &Want, before: usize, within: Duration) -> bool {
    let log = stage.server.said().log();
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
