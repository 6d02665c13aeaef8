//! A root by its name, and the roots that validate a chain.

use std::fmt;

use ch02_hot_reload::identity::{Peers, Reason, Rejected, Source, reject, validate_chain};
use lab::chain;
use rustls::pki_types::{CertificateDer, UnixTime};

/// A trust anchor: its hash tells it from others, its name is for people. A root that is renewed
/// often keeps its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    sha256: String,
    name: String,
}

impl Root {
    /// The root that this certificate is.
    pub fn of(anchor: &CertificateDer<'_>) -> Self {
        Self {
            sha256: chain::sha256(anchor),
            // Only its name: who cannot be parsed is no trust anchor, and was refused before.
            name: chain::common_name(anchor).unwrap_or_default(),
        }
    }

    /// Its common name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of its DER, in hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({} {})", self.name, &self.sha256[..8])
    }
}

// ANCHOR: validating_anchors
/// The anchors by which `peers` accept this chain at the time `now`, each asked alone. Most chains
/// lead to one; a cross-signed one leads to two.
///
/// # Errors
/// When there is none: what the verifier says with all of them. When there is no chain.
pub fn validating_anchors(
    peers: Peers,
    source: &Source,
    chain: &[CertificateDer<'static>],
    anchors: &[CertificateDer<'static>],
    now: UnixTime,
) -> Result<Vec<Root>, Rejected> {
    if chain.is_empty() {
        let error = "no certificate was shown";
        return Err(reject(Reason::Missing, &source.files.certificate, &error));
    }
    let validate = |anchors| validate_chain(peers, source, chain, anchors, now);
    let alone = anchors.chunks(1).filter(|anchor| validate(anchor).is_ok());
    let roots: Vec<_> = alone.map(|anchor| Root::of(&anchor[0])).collect();
    if roots.is_empty() {
        validate(anchors)?;
    }
    Ok(roots)
}
// ANCHOR_END: validating_anchors
