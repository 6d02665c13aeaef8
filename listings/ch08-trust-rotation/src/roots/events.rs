//! What the log says of a root.

use crate::root::Root;
use crate::{Error, Refusal, RootUsage, Step};

/// A step by which no client is lost.
pub(super) fn log_step(step: Step, root: &Root) {
    let (step, root_sha256) = (step.name(), root.sha256());
    tracing::info!(event = "trust_moved", step, root = root.name(), root_sha256);
}

/// The roots that the server's leaf was under, and those that it is under now.
pub(super) fn log_own(before: &[Root], now: &[Root]) {
    for root in now.iter().filter(|root| !before.contains(root)) {
        log_step(Step::Reissue, root);
    }
    for root in before.iter().filter(|root| !now.contains(root)) {
        log_step(Step::Retire, root);
    }
}

/// A drain or a removal, with the clients that depended on the root.
pub(super) fn log_end(step: Step, root: &Root, usage: &RootUsage) {
    tracing::info!(
        event = "trust_moved",
        step = step.name(),
        root = root.name(),
        root_sha256 = root.sha256(),
        connections = usage.connections,
        tickets_until = usage.tickets_until_text(),
    );
}

/// A root that stays in force although no file lists it.
pub(super) fn log_held(root: &Root, refusal: Refusal, usage: &RootUsage) {
    tracing::warn!(
        event = "trust_held",
        why = refusal.name(),
        root = root.name(),
        root_sha256 = root.sha256(),
        connections = usage.connections,
        tickets_until = usage.tickets_until_text(),
        quiet_ms = usage.quiet_in.map(|left| left.as_millis() as u64),
    );
}

/// A root that cannot be drained, and that the next look asks for again.
pub(super) fn log_refused(root: &Root, why: &Error) {
    tracing::warn!(
        event = "drain_refused",
        root = root.name(),
        root_sha256 = root.sha256(),
        why = %why,
    );
}
