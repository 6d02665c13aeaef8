//! A chain with fewer certificates than the one that is served: does a client miss one of them?
//!
//! Authorities shorten their chains on purpose. The root is no longer appended, or a cross-signed
//! certificate is dropped once clients know the new root. Half a file is shorter, too.

use ch02_hot_reload::identity::{Identity, Peers, Source, validate_chain};
use lab::chain;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::parse_x509_certificate;

use crate::ended::is_in_force;

/// How a chain compares with the one that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shorter {
    /// It has as many certificates, or more.
    No,
    /// It has fewer, and all that clients need.
    Whole,
    /// It has fewer, and no longer leads to this anchor, which has this name.
    Lacks(String),
}

impl Shorter {
    /// What it lacks, in words.
    pub(crate) fn lacks(&self) -> Option<String> {
        match self {
            Self::Lacks(anchor) => Some(format!(
                "certificates are gone, and clients that trust \"{anchor}\" alone need them"
            )),
            Self::No | Self::Whole => None,
        }
    }
}

// ANCHOR: shorter
/// Compares with the chain that is served, by the trust anchors of now.
///
/// A chain that leads to a root is whole, whatever the authority has sent beside it before. One that
/// leads no further than to an intermediate, which the file of anchors lists as well, is whole for
/// those clients alone that have this intermediate from elsewhere.
pub(crate) fn compare(
    source: &Source,
    next: &Identity,
    serving: Option<&Identity>,
    peers: Peers,
    now: UnixTime,
) -> Shorter {
    let chain = |identity: &Identity| identity.certified.cert.clone();
    let (Some(served), next_chain) = (serving.map(chain), chain(next)) else {
        return Shorter::No;
    };
    if next_chain.len() >= served.len() {
        return Shorter::No;
    }
    let leads_to = |chain: &[_], anchor: &CertificateDer<'static>| {
        let anchor = std::slice::from_ref(anchor);
        validate_chain(peers, source, chain, anchor, now).is_ok()
    };
    let in_force = || next.anchors.iter().filter(|it| is_in_force(it, now));
    if in_force().any(|anchor| is_root(anchor) && leads_to(&next_chain, anchor)) {
        return Shorter::Whole;
    }
    let lost = |anchor: &&_| leads_to(&served, anchor) && !leads_to(&next_chain, anchor);
    match in_force().find(lost) {
        Some(anchor) => Shorter::Lacks(chain::common_name(anchor).unwrap_or_default()),
        None => Shorter::Whole,
    }
}
// ANCHOR_END: shorter

/// Whether it names itself as its issuer: no certificate stands above it.
fn is_root(anchor: &CertificateDer<'_>) -> bool {
    parse_x509_certificate(anchor).is_ok_and(|(_, it)| it.subject() == it.issuer())
}
