//! The sets of files between which a rotation is explored.

use lab::Error;
use lab::authority::{Authority, Issued, KeyKind, LeafRequest};

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
    /// The old leaf and key, with another certificate of their issuer.
    rechained: Set,
    /// The old identity, with the second of two trust anchors replaced.
    retrusted: Set,
}

impl World {
    /// A leaf and its intermediate, and a file of trust anchors that lists the intermediate before the
    /// root. So a chain that lost the intermediate still validates, and clients that trust the root
    /// alone refuse it.
    ///
    /// # Errors
    /// When no certificates can be made.
    pub fn new() -> Result<Self, Error> {
        // With signatures of one length, so that each run has the same states.
        let authority = || Authority::signing_with(KeyKind::Ed25519);
        let (mut authority, other) = (authority()?, authority()?);
        let mut issue = || authority.issue(&LeafRequest::new("localhost"));
        let (first, second) = (issue()?, issue()?);
        let (leaf, intermediate) = parts(&first.chain_pem);
        let roots = |second: &Authority| padded(&[intermediate, second.root_pem()].concat(), ROOTS);
        let set = |issued: &Issued| Set {
            chain: padded(&issued.chain_pem, CHAIN),
            key: issued.key.expose().to_owned(),
            roots: roots(&authority),
        };
        let (old, renewed) = (set(&first), set(&second));
        let retrusted = Set {
            roots: roots(&other),
            ..old.clone()
        };
        let reissued = authority.reissue_intermediate()?;
        let rechained = Set {
            chain: padded(&[leaf, reissued].concat(), CHAIN),
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

/// The leaf of a chain of two, and its intermediate.
fn parts(chain: &str) -> (&str, &str) {
    let second = chain.rfind("-----BEGIN ").unwrap_or(chain.len());
    chain.split_at(second)
}

fn padded(text: &str, size: usize) -> String {
    let dots = size.saturating_sub(text.len() + 3);
    format!("# {}\n{text}", ".".repeat(dots))
}
