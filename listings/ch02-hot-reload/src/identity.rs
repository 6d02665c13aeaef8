//! Read an identity from disk and judge it as a peer would, before anybody is shown it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab::agent::Files;
use lab::chain::{self, Facts};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore};

/// Where an identity is read from, and the name it must be valid for.
#[derive(Clone, Debug)]
pub struct Source {
    /// Chain, key, and the trust anchors that peers hold.
    pub files: Files,
    /// The name by which peers will know this server.
    pub name: ServerName<'static>,
}

/// A chain and its key, checked. Immutable.
#[derive(Debug)]
pub struct Identity {
    /// What rustls signs with. Its `Debug` shows no key bytes.
    pub certified: Arc<CertifiedKey>,
    /// What the chain says of itself.
    pub facts: Facts,
}

/// Why files were not accepted. A closed set: these words stand in logs and in alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A file is not there.
    Missing,
    /// A file is there, and cannot be read.
    Unreadable,
    /// A PEM block begins and does not end, or the file is empty: a writer is at work, or died.
    Truncated,
    /// It is whole, and it is not PEM, X.509 or a key.
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
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::Unreadable,
        Self::Truncated,
        Self::Malformed,
        Self::PairMismatch,
        Self::ChainBroken,
        Self::Expired,
        Self::NotYetValid,
        Self::NameLost,
    ];

    /// The word in the log.
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
        }
    }
}

/// Files that were not accepted: which one, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The word for it.
    pub reason: Reason,
    /// The file at fault.
    pub file: PathBuf,
    /// What the parser or verifier said. Never a byte of the file.
    pub detail: String,
    /// With [`Reason::NotYetValid`]: notBefore of the certificate that is too early.
    pub valid_from: Option<UnixTime>,
}

impl Rejected {
    /// Whether this says the same as `other`. The detail does not count: it may hold the time.
    pub fn repeats(&self, other: &Self) -> bool {
        let said = |this: &Self| (this.reason, this.file.clone(), this.valid_from);
        said(self) == said(other)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, reason) = (self.file.display(), self.reason.name());
        write!(f, "{file}: {reason}: {}", self.detail)
    }
}

impl std::error::Error for Rejected {}

/// Reads the files of `source`, and judges them as of now.
///
/// # Errors
/// As [`read_at`].
pub fn read(source: &Source) -> Result<Identity, Rejected> {
    read_at(source, UnixTime::now())
}

// ANCHOR: read
/// Reads the files of `source`, and judges them as of the time `now`.
///
/// # Errors
/// The first thing that a peer, or rustls, would object to.
pub fn read_at(source: &Source, now: UnixTime) -> Result<Identity, Rejected> {
    let files = &source.files;
    let certificate = bytes(&files.certificate)?;
    // One file for both is read once, so that its two halves are of one generation.
    let key = match files.key == files.certificate {
        true => certificate.clone(),
        false => bytes(&files.key)?,
    };
    let chain = certificates(&certificate, &files.certificate)?;
    let facts =
        chain::facts(&chain).map_err(|why| reject(Reason::Malformed, &files.certificate, &why))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|why| reject_pem(why, &files.key))?;

    // A torn pair, one file of each generation, is caught here: rustls compares the public keys.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|why| {
        let reason = match why {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Reason::PairMismatch,
            _ => Reason::Malformed,
        };
        reject(reason, &files.key, &why)
    })?;

    judge_as_peer(source, &certified, now)?;
    Ok(Identity {
        certified: Arc::new(certified),
        facts,
    })
}
// ANCHOR_END: read

// ANCHOR: judge
/// Runs the verifier that clients run, with the trust anchors that clients hold.
///
/// # Errors
/// What a client whose clock shows `now` would object to, or what is wrong with the anchors' file.
pub fn judge_as_peer(
    source: &Source,
    certified: &CertifiedKey,
    now: UnixTime,
) -> Result<(), Rejected> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let files = &source.files;
    let mut roots = RootCertStore::empty();
    for root in certificates(&bytes(&files.roots)?, &files.roots)? {
        roots
            .add(root)
            .map_err(|why| reject(Reason::Malformed, &files.roots, &why))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.into())
        .build()
        .map_err(|why| reject(Reason::Malformed, &files.roots, &why))?;
    // `certificates` returns at least one.
    let (leaf, intermediates) = certified.cert.split_first().expect("a chain has a leaf");
    verifier
        .verify_server_cert(leaf, intermediates, &source.name, &[], now)
        .map_err(|why| Rejected {
            valid_from: valid_from(&why),
            ..reject(objection(&why), &files.certificate, &why)
        })?;
    Ok(())
}
// ANCHOR_END: judge

fn objection(why: &Error) -> Reason {
    use CertificateError::*;
    match why {
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => Reason::Expired,
        Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => Reason::NotYetValid,
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            Reason::NameLost
        }
        Error::InvalidCertificate(BadEncoding) => Reason::Malformed,
        _ => Reason::ChainBroken,
    }
}

fn valid_from(why: &Error) -> Option<UnixTime> {
    match why {
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            Some(*not_before)
        }
        _ => None,
    }
}

/// Every certificate of a file. A file without one is not a chain.
fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, Rejected> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|why| reject_pem(why, path))?;
    if found.is_empty() {
        return Err(reject_pem(pem::Error::NoItemsFound, path));
    }
    Ok(found)
}

fn bytes(path: &Path) -> Result<Vec<u8>, Rejected> {
    fs::read(path).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => reject(Reason::Missing, path, &why),
        _ => reject(Reason::Unreadable, path, &why),
    })
}

fn reject_pem(why: pem::Error, path: &Path) -> Rejected {
    match why {
        // These two carry bytes of the file, which may be the key's: they are not repeated.
        pem::Error::MissingSectionEnd { .. } => {
            reject(Reason::Truncated, path, &"a PEM block has no end")
        }
        pem::Error::IllegalSectionStart { .. } => {
            reject(Reason::Malformed, path, &"a PEM block has no proper start")
        }
        pem::Error::NoItemsFound => reject(Reason::Truncated, path, &"it has no such PEM block"),
        _ => reject(Reason::Malformed, path, &"it does not parse as PEM"),
    }
}

fn reject(reason: Reason, file: &Path, why: &dyn fmt::Display) -> Rejected {
    Rejected {
        reason,
        file: file.to_owned(),
        detail: why.to_string(),
        valid_from: None,
    }
}
