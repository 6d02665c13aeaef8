//! A root by its name, and the roots that validate a chain.

use std::cmp::Ordering;
use std::fmt;

use ch02_hot_reload::identity::{Peers, Reason, Rejected, Source, reject, validate_chain};
use lab::chain;
use rustls::pki_types::{CertificateDer, UnixTime};

/// A trust anchor. What it is, is its name and its key: a root that is renewed with both is the
/// same, and takes its own place, also where its constraints on names are others. One that keeps its name
/// alone is another.
#[derive(Clone)]
pub struct Root {
    anchor: String,
    sha256: String,
    name: String,
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.anchor == other.anchor
    }
}

impl Eq for Root {}

impl PartialOrd for Root {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Root {
    fn cmp(&self, other: &Self) -> Ordering {
        self.anchor.cmp(&other.anchor)
    }
}

impl Root {
    /// The root that this certificate is.
    pub fn of(anchor: &CertificateDer<'_>) -> Self {
        // What cannot be parsed is no trust anchor, and was refused before.
        let sha256 = chain::sha256(anchor);
        Self {
            anchor: chain::anchor_sha256(anchor).unwrap_or_else(|_| sha256.clone()),
            sha256,
            name: chain::common_name(anchor).unwrap_or_default(),
        }
    }

    /// Its common name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the DER of the certificate that it came in, in hex.
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
