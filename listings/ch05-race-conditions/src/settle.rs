//! Is this less than what is served, and has it been so for a while?

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use ch02_hot_reload::identity::{Identity, Reason, Rejected, Source, reject};
use lab::chain;
use rustls::pki_types::CertificateDer;

use crate::names;
use crate::options::LostNames;
use crate::reader::{Judged, Reader};

/// What is said of anchors.
const GONE: &str = "certificates are gone";

/// Its name and its key: a root that was renewed with both is not gone. What does not parse is itself.
fn anchor(of: &CertificateDer<'_>) -> String {
    chain::anchor_sha256(of).unwrap_or_else(|_| chain::sha256(of))
}

/// Whether an anchor of `served` is none of `next`. Their order does not matter, nor does a renewal
/// of one with its key and its name.
///
/// Each is parsed once: this is asked at each look, and a bundle of a system has 150 of them.
pub fn loses_anchor(served: &[CertificateDer<'_>], next: &[CertificateDer<'_>]) -> bool {
    if served == next {
        return false;
    }
    let kept: HashSet<_> = next.iter().map(anchor).collect();
    !served.iter().all(|it| kept.contains(&anchor(it)))
}

/// What is served, under the anchors of another identity.
fn under_anchors_of(serving: &Identity, other: &Identity) -> Identity {
    let own = serving.clone().with_trust_anchors(other.anchors.clone());
    match &other.peer_anchors {
        Some(peers) => own.with_peer_anchors(peers.clone()),
        None => own,
    }
}

/// What there is less of than in what is served: why that is a reason, in which file, and in words.
fn less<'a>(
    source: &'a Source,
    judged: &Judged,
    serving: &Identity,
) -> Option<(Reason, &'a Path, String)> {
    let next = &judged.identity;
    let roots = source.files.roots.as_path();
    let gone = |file| Some((Reason::TrustShrunk, file, GONE.to_owned()));
    if loses_anchor(&serving.anchors, &next.anchors) {
        gone(roots)
    } else if loses_anchor(serving.anchors_for_peers(), next.anchors_for_peers()) {
        gone(source.peer_roots.as_deref().unwrap_or(roots))
    } else {
        let what = judged.shorter.lacks()?;
        Some((
            Reason::ChainShrunk,
            source.files.certificate.as_path(),
            what,
        ))
    }
}

impl Reader {
    // ANCHOR: settled
    /// A chain or a set of anchors that was cut between two blocks parses, and validates. Only what
    /// is missing shows the cut, and only time tells it from a removal on purpose.
    pub(crate) fn settled(
        &self,
        source: &Source,
        judged: &Judged,
        serving: Option<&Identity>,
        shrunk: Option<([u8; 32], Instant)>,
    ) -> Result<(), Rejected> {
        let Some(serving) = serving else {
            return Ok(());
        };
        let identity = &judged.identity;
        let Some((reason, file, what)) = less(source, judged, serving) else {
            return Ok(());
        };
        let set = match reason {
            // A leaf that is renewed meanwhile does not start the wait again.
            Reason::TrustShrunk => under_anchors_of(serving, identity).set_sha256,
            _ => identity.set_sha256,
        };
        let now = (self.now)();
        let since = match shrunk {
            Some((before, since)) if before == set => since,
            _ => now,
        };
        if now.duration_since(since) >= self.options.settle {
            return Ok(());
        }
        self.remembered.lock().shrunk = Some((set, since));
        let settle = self.options.settle;
        let detail = format!("{what}: believed once it has been so for {settle:?}");
        Err(reject(reason, file, &detail))
    }
    // ANCHOR_END: settled

    /// The names that were served and are gone.
    ///
    /// # Errors
    /// `name_lost` where there are some, and that was chosen.
    pub(crate) fn names_lost(
        &self,
        source: &Source,
        serving: Option<&Identity>,
        identity: &Identity,
    ) -> Result<Vec<String>, Rejected> {
        let leaf = |identity: &Identity| identity.certified.cert.first().cloned();
        let served = serving.and_then(leaf);
        let (Some(served), Some(next)) = (served, leaf(identity)) else {
            return Ok(Vec::new());
        };
        let lost = names::lost(&served, &next);
        if lost.is_empty() || self.options.lost_names == LostNames::Warn {
            return Ok(lost);
        }
        let detail = format!("it lacks names that are served: {}", lost.join(", "));
        Err(reject(Reason::NameLost, &source.files.certificate, &detail))
    }
}
