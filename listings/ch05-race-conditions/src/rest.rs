//! Is a writer still at work?
//!
//! A file that is rewritten in place is empty for a moment, and a pair is torn between its two
//! renames. Whoever looks just then sees a fault that is gone a millisecond later. So what is not
//! valid is looked at again once the files have been at rest.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use ch02_hot_reload::identity::{Reason, Rejected, Source};

use crate::look::stable;
use crate::pinned::Seen;
use crate::reader::{Judged, Reader};
use crate::shorter::Shorter;

/// How many times [`crate::Options::rest`] is waited for at the most: a writer that never rests is
/// a fault as well.
pub const RESTS: u32 = 8;

/// How often the files are looked at while they come to rest.
const STEP: Duration = Duration::from_millis(10);

type Look = Result<Seen, Rejected>;

impl Reader {
    // ANCHOR: rested
    /// What was seen, and what `judge` says of it: valid, or at rest and not valid. What has rested
    /// before is not waited for again.
    pub(crate) fn rested(
        &self,
        source: &Source,
        between: &mut dyn FnMut(&str),
        judge: &mut dyn FnMut(&Look) -> Result<Judged, Rejected>,
    ) -> (Look, Result<Judged, Rejected>) {
        let rest = self.options.rest;
        let (mut seen, mut waited) = (stable(source, between), Duration::ZERO);
        loop {
            let judged = judge(&seen);
            let fingerprint = fingerprint(&seen);
            let known = || self.remembered.lock().rested == Some(fingerprint);
            if !may_pass(&judged) || waited >= rest * RESTS || known() {
                return (seen, judged);
            }
            let mut quiet = Duration::ZERO;
            let again = loop {
                between("resting");
                (self.pause)(STEP);
                quiet += STEP;
                let again = stable(source, between);
                if again != seen {
                    break again;
                }
                if quiet >= rest {
                    self.remembered.lock().rested = Some(fingerprint);
                    return (seen, judged);
                }
            };
            // A writer is at work. What it has made of the files meanwhile is judged at once.
            (seen, waited) = (again, waited + quiet);
        }
    }
    // ANCHOR_END: rested
}

/// Whether a writer that goes on could make it good, or better.
fn may_pass(judged: &Result<Judged, Rejected>) -> bool {
    use Reason::*;
    match judged {
        // A chain that got shorter may become longer again.
        Ok(judged) => !judged.trust.is_empty() || judged.shorter == Shorter::Whole,
        Err(rejected) => !matches!(
            rejected.reason,
            Expired | NotYetValid | NameLost | TooLarge | NotRegular
        ),
    }
}

/// Tells one set from another within this process. No secret can be learned from it.
fn fingerprint(seen: &Look) -> u64 {
    let mut hash = DefaultHasher::new();
    let fault = |rejected: &Rejected, hash: &mut DefaultHasher| {
        (rejected.reason.name(), &rejected.file).hash(hash);
    };
    match seen {
        Ok(seen) => {
            (&seen.certificate.bytes, &seen.key.bytes).hash(&mut hash);
            (seen.certificate.access.mode, seen.key.access.mode).hash(&mut hash);
            for roots in [Some(&seen.roots), seen.peer_roots.as_ref()] {
                match roots {
                    Some(Ok(roots)) => roots.bytes.hash(&mut hash),
                    Some(Err(rejected)) => fault(rejected, &mut hash),
                    None => {}
                }
            }
        }
        Err(rejected) => fault(rejected, &mut hash),
    }
    hash.finish()
}
