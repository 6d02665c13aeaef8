//! The sets of files between which a rotation is explored.

use lab::Error;
use lab::authority::{Authority, KeyKind, LeafRequest};

use crate::writer::{Set, Writer};

/// The sizes of the files, in bytes, so that a run has as many states as the next. Certificates
/// vary by a few bytes, as ECDSA signatures do; a comment before the first makes up for it.
const CHAIN: usize = 2_048;
const ROOTS: usize = 1_280;

/// The two sets that a rotation is between, made once for all explorations: to make certificates
/// takes longer than to read them.
pub struct World {
    pub(super) old: Set,
    /// A new leaf and key.
    renewed: Set,
    /// The old leaf and key, with another last certificate in the chain.
    rechained: Set,
    /// The old identity, with the second of two trust anchors replaced.
    retrusted: Set,
}

impl World {
    /// A chain of three: leaf, intermediate, and a certificate that some peers need and ours does
    /// not, as a cross-signed root is. So a chain that lost its last certificate still validates.
    ///
    /// # Errors
    /// When no certificates can be made.
    pub fn new() -> Result<Self, Error> {
        // With signatures of one length, so that each run has the same states.
        let authority = || Authority::signing_with(KeyKind::Ed25519);
        let (mut authority, other, third) = (authority()?, authority()?, authority()?);
        let roots = |second: &Authority| [authority.root_pem(), second.root_pem()].concat();
        let (roots, other_roots) = (roots(&other), roots(&third));
        let mut set = |last: &Authority, roots: &str| {
            let issued = authority.issue(&LeafRequest::new("localhost"))?;
            Ok::<_, Error>(Set {
                chain: padded(&[&issued.chain_pem, last.root_pem()].concat(), CHAIN),
                key: issued.key.expose().to_owned(),
                roots: padded(roots, ROOTS),
            })
        };
        let (old, renewed) = (set(&other, &roots)?, set(&other, &roots)?);
        let chain = old.chain.trim_start_matches(['#', '.', ' ', '\n']);
        let chain = chain.replace(other.root_pem(), third.root_pem());
        let rechained = Set {
            chain: padded(&chain, CHAIN),
            ..old.clone()
        };
        let retrusted = Set {
            roots: padded(&other_roots, ROOTS),
            ..old.clone()
        };
        Ok(Self {
            old,
            renewed,
            rechained,
            retrusted,
        })
    }

    /// The set that is on disk before every writer begins.
    pub fn old(&self) -> &Set {
        &self.old
    }

    /// What this writer is to write.
    pub fn new_for(&self, writer: Writer) -> &Set {
        match writer {
            Writer::Agent(_) | Writer::Script => &self.renewed,
            Writer::ChainInPlace => &self.rechained,
            Writer::TrustInPlace => &self.retrusted,
        }
    }
}

fn padded(text: &str, size: usize) -> String {
    let dots = size.saturating_sub(text.len() + 3);
    format!("# {}\n{text}", ".".repeat(dots))
}
