//! Read an identity from disk and validate it as a peer would, before anybody is shown it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use lab::agent::Files;
use lab::chain::{self, Facts};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
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
pub struct Identity {
    /// The chain, and what rustls signs with. Its `Debug` shows no key bytes.
    pub certified: Arc<CertifiedKey>,
    /// The key itself, for other TLS libraries: rustls does not give it back. Its `Debug` shows no
    /// key bytes either.
    pub key: PrivateKeyDer<'static>,
    /// The trust anchors by which the chain was validated.
    pub anchors: Vec<CertificateDer<'static>>,
    /// What the chain says of itself.
    pub facts: Facts,
    /// SHA-256 over the whole set: chain, key and anchors, each as DER. A set that differs in
    /// anything differs here. Not for logs, since the key is in it.
    pub set_sha256: [u8; 32],
}

impl Identity {
    /// The same chain and key under other trust anchors. Nothing is validated.
    pub fn with_trust_anchors(self, anchors: Vec<CertificateDer<'static>>) -> Self {
        let set_sha256 = set_sha256(&self.certified.cert, &self.key, &anchors);
        Self {
            anchors,
            set_sha256,
            ..self
        }
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            certified: self.certified.clone(),
            key: self.key.clone_key(),
            anchors: self.anchors.clone(),
            facts: self.facts.clone(),
            set_sha256: self.set_sha256,
        }
    }
}

/// Without the key, and without the hash that it is in.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Identity");
        shown.field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// What the files held when they were read. No `Debug`: a private key is in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// Of the file of the chain.
    pub certificate: Vec<u8>,
    /// Of the file of the key. The same bytes where one file holds both.
    pub key: Vec<u8>,
    /// Of the file of the trust anchors.
    pub roots: Vec<u8>,
}

/// The peers that are shown the chain, and validate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peers {
    /// Clients validate a server. They ask for the name.
    Clients,
    /// Servers validate a client (mTLS). They ask for no name.
    Servers,
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
    /// Every reason.
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
            Self::Torn => "torn",
            Self::TrustShrunk => "trust_shrunk",
            Self::ChainShrunk => "chain_shrunk",
            Self::InsecureMode => "insecure_mode",
            Self::NotRegular => "not_regular",
            Self::TooLarge => "too_large",
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

/// Reads the files of `source`, and validates them as clients would now.
///
/// # Errors
/// As [`validate`], and when a file cannot be read.
pub fn read(source: &Source) -> Result<Identity, Rejected> {
    validate(
        source,
        &contents(source, |_| ())?,
        Peers::Clients,
        UnixTime::now(),
    )
}

// ANCHOR: read
/// Opens each file by its path and reads it once. Calls `between` with a name at each place where
/// a writer could come between; a test lets one in there.
///
/// # Errors
/// When a file is missing, or cannot be read.
pub fn contents(source: &Source, mut between: impl FnMut(&str)) -> Result<Contents, Rejected> {
    let files = &source.files;
    let certificate = bytes(&files.certificate)?;
    between("certificate read");
    // One file for both is read once, so that its two halves are of one generation.
    let key = match files.key == files.certificate {
        true => certificate.clone(),
        false => bytes(&files.key)?,
    };
    between("key read");
    let roots = bytes(&files.roots)?;
    between("roots read");
    Ok(Contents {
        certificate,
        key,
        roots,
    })
}

/// The trust anchors in the file as it is now.
///
/// # Errors
/// When the file is missing, or holds none.
pub fn anchors(source: &Source) -> Result<Vec<CertificateDer<'static>>, Rejected> {
    let path = &source.files.roots;
    certificates(&bytes(path)?, path)
}

/// Judges what was read, as `peers` would at the time `now`.
///
/// # Errors
/// The first thing that a peer, or rustls, would object to.
pub fn validate(
    source: &Source,
    contents: &Contents,
    peers: Peers,
    now: UnixTime,
) -> Result<Identity, Rejected> {
    let files = &source.files;
    let chain = certificates(&contents.certificate, &files.certificate)?;
    let facts =
        chain::facts(&chain).map_err(|why| reject(Reason::Malformed, &files.certificate, &why))?;
    let key = PrivateKeyDer::from_pem_slice(&contents.key);
    let key = key.map_err(|why| reject_pem(why, &files.key))?;
    let anchors = certificates(&contents.roots, &files.roots)?;
    let set_sha256 = set_sha256(&chain, &key, &anchors);

    // A torn pair, one file of each generation, is caught here: rustls compares the public keys.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, key.clone_key(), &provider).map_err(|why| {
        let reason = match why {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Reason::PairMismatch,
            _ => Reason::Malformed,
        };
        reject(reason, &files.key, &why)
    })?;
    validate_chain(peers, source, &certified.cert, &anchors, now)?;
    Ok(Identity {
        certified: Arc::new(certified),
        key,
        anchors,
        facts,
        set_sha256,
    })
}
// ANCHOR_END: read

// ANCHOR: validate
/// Runs the verifier that peers run, with the trust anchors that peers hold.
///
/// # Errors
/// What a peer whose clock shows `now` would object to, or what is wrong with the anchors.
pub fn validate_chain(
    peers: Peers,
    source: &Source,
    chain: &[CertificateDer<'static>],
    anchors: &[CertificateDer<'static>],
    now: UnixTime,
) -> Result<(), Rejected> {
    let files = &source.files;
    let malformed = |why: &dyn fmt::Display| reject(Reason::Malformed, &files.roots, why);
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots.add(anchor.clone()).map_err(|why| malformed(&why))?;
    }
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // `certificates` returns at least one.
    let (leaf, intermediates) = chain.split_first().expect("a chain has a leaf");
    let verdict = match peers {
        Peers::Clients => WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|why| malformed(&why))?
            .verify_server_cert(leaf, intermediates, &source.name, &[], now)
            .map(drop),
        Peers::Servers => WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|why| malformed(&why))?
            .verify_client_cert(leaf, intermediates, now)
            .map(drop),
    };
    verdict.map_err(|why| Rejected {
        valid_from: valid_from(&why),
        ..reject(objection(&why), &files.certificate, &why)
    })
}
// ANCHOR_END: validate

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

/// One hash for the whole set: what makes a generation new.
fn set_sha256(
    chain: &[CertificateDer<'_>],
    key: &PrivateKeyDer<'_>,
    anchors: &[CertificateDer<'_>],
) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    let chain = chain.iter().map(|certificate| (b'c', &certificate[..]));
    let anchors = anchors.iter().map(|anchor| (b'a', &anchor[..]));
    for (kind, der) in chain.chain([(b'k', key.secret_der())]).chain(anchors) {
        // Kind and length before each, so that no two sets run together into the same bytes.
        hash.update(&[kind]);
        hash.update(&(der.len() as u64).to_be_bytes());
        hash.update(der);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    sha256
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

/// A rejection. `why` must not repeat bytes of the file.
pub fn reject(reason: Reason, file: &Path, why: &dyn fmt::Display) -> Rejected {
    Rejected {
        reason,
        file: file.to_owned(),
        detail: why.to_string(),
        valid_from: None,
    }
}
