//! Why files were rejected: a closed set of reasons, which stand in logs and in alarms.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::UnixTime;

/// Why files were rejected. A closed set: these words stand in logs and in alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A file is not there.
    Missing,
    /// A file is there, and cannot be read.
    Unreadable,
    /// A PEM block begins and does not end, or the file is empty: a writer is at work, or died.
    Truncated,
    /// It is whole, and it is not PEM, X.509 or a key, or none that the TLS library takes.
    Malformed,
    /// The key belongs to another certificate.
    PairMismatch,
    /// The chain does not lead to a trust anchor that peers hold.
    ChainBroken,
    /// notAfter has passed.
    Expired,
    /// notBefore has not come.
    NotYetValid,
    /// The certificate is not valid for this server's name.
    NameLost,
    /// The files changed while they were read, at each of several tries.
    Torn,
    /// A trust anchor that is in force is gone, and the file has not been like that for long.
    TrustShrunk,
    /// The chain has fewer certificates than the one that is served, and not for long.
    ChainShrunk,
    /// The key can be read by other users.
    InsecureMode,
    /// A directory, a FIFO or a device stands where a file should.
    NotRegular,
    /// The file is larger than any chain, key or bundle of trust anchors.
    TooLarge,
}

impl Reason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Self; 15] = [
        Self::Missing,
        Self::Unreadable,
        Self::Truncated,
        Self::Malformed,
        Self::PairMismatch,
        Self::ChainBroken,
        Self::Expired,
        Self::NotYetValid,
        Self::NameLost,
        Self::Torn,
        Self::TrustShrunk,
        Self::ChainShrunk,
        Self::InsecureMode,
        Self::NotRegular,
        Self::TooLarge,
    ];

    /// The reason as it stands in the log, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::PairMismatch => "pair_mismatch",
            Self::ChainBroken => "chain_broken",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::NameLost => "name_lost",
            Self::Torn => "torn",
            Self::TrustShrunk => "trust_shrunk",
            Self::ChainShrunk => "chain_shrunk",
            Self::InsecureMode => "insecure_mode",
            Self::NotRegular => "not_regular",
            Self::TooLarge => "too_large",
        }
    }
}

/// What rustls writes before the time at which it has validated.
const TIME: &str = "verification time ";

/// Files that were rejected: which one, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The reason: what a program matches on.
    pub reason: Reason,
    /// The path of the file at fault, as it was configured.
    pub file: PathBuf,
    /// What the parser or verifier said. Never a byte of the file.
    pub detail: String,
    /// With [`Reason::NotYetValid`]: notBefore of the certificate that is too early.
    pub valid_from: Option<UnixTime>,
    /// SHA-256 of the leaf that was seen, where a reader has said it. Another leaf with the same fault is another
    /// renewal that has failed.
    pub leaf: Option<String>,
}

impl Rejected {
    /// Whether this says the same as `other`. Where the detail tells the time, that is another one at
    /// each look: it does not count, nor does what follows it.
    pub fn repeats(&self, other: &Self) -> bool {
        let said = |this: &Self| {
            let words = this.detail.split(TIME).next().unwrap_or_default();
            (
                this.reason,
                this.file.clone(),
                this.valid_from,
                words.to_owned(),
            )
        };
        let renewed = self.leaf.is_some() && other.leaf.is_some() && self.leaf != other.leaf;
        !renewed && said(self) == said(other)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, reason) = (self.file.display(), self.reason.name());
        write!(f, "{file}: {reason}: {}", self.detail)
    }
}

impl std::error::Error for Rejected {}

/// For a program that ends when its first files are rejected.
impl From<Rejected> for io::Error {
    fn from(rejected: Rejected) -> Self {
        Self::other(rejected)
    }
}

/// A rejection. `detail` must not repeat bytes of the file.
pub fn reject(reason: Reason, file: &Path, detail: &dyn fmt::Display) -> Rejected {
    Rejected {
        reason,
        file: file.to_owned(),
        detail: detail.to_string(),
        valid_from: None,
        leaf: None,
    }
}
