//! What is said of a set beside whether it is served.

use std::path::{Path, PathBuf};

use ch02_hot_reload::identity::{Identity, Rejected, Source};

use crate::ended::Ended;
use crate::exposure::{self, ExposedKey};
use crate::pem;
use crate::pinned::Seen;
use crate::reader::{Judged, Reader};

/// What is wrong beside an identity that is served, as it was found at the last read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Why trust anchors of a file are not in force. Those of before are.
    pub trust: Vec<Rejected>,
    /// The files that expose a key to other users, and their modes.
    pub exposed: Vec<(PathBuf, u32)>,
    /// The names of the identity before that the newest one lacks.
    pub lost: Vec<String>,
    /// The trust anchors that have expired.
    pub ended: Vec<Ended>,
}

/// The same rejection with the leaf that was seen. Two renewals may fail alike.
fn of_leaf(rejected: Rejected, seen: &Result<Seen, Rejected>) -> Rejected {
    let found = seen.as_ref().ok();
    let leaf = found.and_then(|seen| pem::leaf(&seen.certificate.bytes));
    Rejected {
        leaf: leaf.or(rejected.leaf),
        ..rejected
    }
}

impl Reader {
    /// What is wrong beside what is served: for a gauge, where the events say when it began.
    pub fn beside(&self) -> Beside {
        let remembered = self.remembered.lock();
        Beside {
            trust: remembered.trust.clone().into_iter().collect(),
            exposed: remembered.exposed.clone(),
            lost: remembered.lost.clone(),
            ended: remembered.ended.clone(),
        }
    }

    /// Says what is news, and gives back the identity that is to be served.
    pub(crate) fn tell(
        &self,
        source: &Source,
        serving: Option<&Identity>,
        seen: &Result<Seen, Rejected>,
        judged: Result<Judged, Rejected>,
    ) -> Result<Identity, Rejected> {
        if let Ok(seen) = seen {
            self.tell_exposed(source, seen);
        }
        let Judged {
            identity,
            trust,
            ended,
            lost,
            ..
        } = judged.map_err(|rejected| of_leaf(rejected, seen))?;
        let renewed = serving.is_some_and(|serving| serving.set_sha256 != identity.set_sha256);
        self.tell_trust(trust, renewed);
        self.tell_ended(ended);
        // Other anchors, or another intermediate, bring no name back.
        let leaf = |identity: &Identity| identity.certified.cert.first().cloned();
        if serving.is_some_and(|serving| leaf(serving) != leaf(&identity)) {
            self.tell_lost(lost);
        }
        Ok(identity)
    }

    /// Names that a renewal lacks are logged at each, and so is the first renewal after it that lacks none.
    fn tell_lost(&self, lost: Vec<String>) {
        let mut remembered = self.remembered.lock();
        if !lost.is_empty() {
            tracing::warn!(event = "names_lost", names = lost.join(", "));
        } else if !remembered.lost.is_empty() {
            tracing::info!(event = "fault_ended", fault = "names_lost");
        }
        remembered.lost = lost;
    }

    // ANCHOR: tell_trust
    /// A fault of trust anchors is logged when it begins, and again at each renewal: until it is
    /// mended, the earlier anchors stay in force, also those that were to be removed. That it is mended
    /// is logged as well, since the next renewal may be weeks away.
    fn tell_trust(&self, faults: Vec<Rejected>, renewed: bool) {
        let mut remembered = self.remembered.lock();
        for fault in &faults {
            let told = remembered.trust.iter().any(|told| told.repeats(fault));
            if renewed || !told {
                tracing::warn!(
                    event = "trust_rejected",
                    reason = fault.reason.name(),
                    file = %fault.file.display(),
                    detail = fault.detail,
                );
            }
        }
        let gone = |told: &&Rejected| !faults.iter().any(|fault| fault.file == told.file);
        for told in remembered.trust.iter().filter(gone) {
            tell_end("trust_rejected", &told.file);
        }
        remembered.trust = faults;
    }
    // ANCHOR_END: tell_trust

    // ANCHOR: tell_ended
    /// Each trust anchor that expires is logged once, at the first look after its end, and so is the look
    /// that no longer finds it.
    fn tell_ended(&self, ended: Vec<Ended>) {
        let mut remembered = self.remembered.lock();
        for anchor in ended.iter().filter(|new| !remembered.ended.contains(new)) {
            tracing::warn!(
                event = "trust_expired",
                root = anchor.root,
                root_sha256 = anchor.root_sha256,
                file = %anchor.file.display(),
                not_after = anchor.not_after,
            );
        }
        for gone in remembered.ended.iter().filter(|told| !ended.contains(told)) {
            tracing::info!(
                event = "fault_ended",
                fault = "trust_expired",
                root = gone.root,
                root_sha256 = gone.root_sha256,
                file = %gone.file.display(),
            );
        }
        remembered.ended = ended;
    }
    // ANCHOR_END: tell_ended

    /// Each file that exposes a key is complained of once, and again when its mode is another. Where it
    /// no longer does, that is logged as well: an alarm must be able to end.
    fn tell_exposed(&self, source: &Source, seen: &Seen) {
        let exposed = exposure::exposed(seen, source, &exposure::own_groups());
        let mut remembered = self.remembered.lock();
        let warn = self.options.exposed_key == ExposedKey::Warn;
        let news = |told: &&(_, _)| warn && !remembered.exposed.contains(told);
        for (file, mode) in exposed.iter().filter(news) {
            let (file, mode) = (file.display(), format!("{mode:04o}"));
            tracing::warn!(event = "key_exposed", file = %file, mode);
        }
        let open = |file: &PathBuf| exposed.iter().any(|(still, _)| still == file);
        let closed = remembered.exposed.iter().filter(|(told, _)| !open(told));
        for (file, _) in closed.filter(|_| warn) {
            tell_end("key_exposed", file);
        }
        remembered.exposed = exposed;
    }
}

/// A fault of this file is over.
fn tell_end(fault: &str, file: &Path) {
    tracing::info!(event = "fault_ended", fault, file = %file.display());
}
