//! Read an identity from disk and validate it as a peer would, before anybody is shown it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use lab::agent::Files;
use lab::chain::{self, Facts};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore};

pub use crate::rejected::{Reason, Rejected, reject};
use crate::words::{of_authority, words};
use crate::{file, message};

/// Where an identity is read from, and the names it must be valid for.
#[derive(Clone, Debug)]
pub struct Source {
    /// Chain, key, and the trust anchors that peers hold.
    pub files: Files,
    /// The names by which peers know this server. The certificate must be valid for each.
    pub names: Vec<ServerName<'static>>,
    /// The trust anchors by which peers are judged, if those are not the ones of `files`: a client
    /// judges servers by them, and with mTLS a server judges clients. Chapters 4 and 8 ask for them.
    pub peer_roots: Option<PathBuf>,
}

impl Source {
    /// These files, valid for `localhost`: where every demo of the book serves.
    ///
    /// # Panics
    /// Never: `localhost` is a DNS name.
    pub fn localhost(files: Files) -> Self {
        let name = ServerName::try_from("localhost").expect("it is a DNS name");
        let names = vec![name];
        Self {
            files,
            names,
            peer_roots: None,
        }
    }
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
    /// The trust anchors by which peers are judged, where [`Source::peer_roots`] has them.
    pub peer_anchors: Option<Vec<CertificateDer<'static>>>,
    /// What the chain says of itself.
    pub facts: Facts,
    /// SHA-256 over the whole set: chain, key and all anchors, each as DER. A set that differs in
    /// anything differs here. Not for logs, since the key is in it.
    pub set_sha256: [u8; 32],
}

impl Identity {
    /// The same chain and key under other trust anchors. Nothing is validated.
    pub fn with_trust_anchors(self, anchors: Vec<CertificateDer<'static>>) -> Self {
        Self { anchors, ..self }.hashed()
    }

    /// The same identity, with trust anchors of their own for its peers.
    pub fn with_peer_anchors(self, anchors: Vec<CertificateDer<'static>>) -> Self {
        let peer_anchors = Some(anchors);
        Self {
            peer_anchors,
            ..self
        }
        .hashed()
    }

    /// The trust anchors by which peers are judged: their own, or those of the chain.
    pub fn anchors_for_peers(&self) -> &[CertificateDer<'static>] {
        self.peer_anchors.as_deref().unwrap_or(&self.anchors)
    }

    /// The same identity, with other trust anchors where [`Identity::anchors_for_peers`] has them.
    pub fn with_anchors_for_peers(self, anchors: Vec<CertificateDer<'static>>) -> Self {
        match self.peer_anchors {
            Some(_) => self.with_peer_anchors(anchors),
            None => self.with_trust_anchors(anchors),
        }
    }

    fn hashed(self) -> Self {
        let peers = self.peer_anchors.as_deref();
        let set_sha256 = set_sha256(&self.certified.cert, &self.key, &self.anchors, peers);
        Self { set_sha256, ..self }
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            certified: self.certified.clone(),
            key: self.key.clone_key(),
            anchors: self.anchors.clone(),
            peer_anchors: self.peer_anchors.clone(),
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

/// Reads the files of `source`, and validates them as clients would now.
///
/// # Errors
/// As [`validate`], and when a file cannot be read.
pub fn read(source: &Source) -> Result<Identity, Rejected> {
    read_for(source, Peers::Clients)
}

/// The same, validated as these peers would.
///
/// # Errors
/// As [`read`].
pub fn read_for(source: &Source, peers: Peers) -> Result<Identity, Rejected> {
    let contents = contents(source, |_| ())?;
    let identity = validate(source, &contents, peers, UnixTime::now())?;
    match &source.peer_roots {
        Some(path) => Ok(identity.with_peer_anchors(trust_anchors(&file::read(path)?, path)?)),
        None => Ok(identity),
    }
}

// ANCHOR: read
/// Opens each file by its path and reads it once. Calls `between` with a name at each place where
/// a writer could come between; a test lets one in there.
///
/// # Errors
/// When a file is missing, or cannot be read.
pub fn contents(source: &Source, mut between: impl FnMut(&str)) -> Result<Contents, Rejected> {
    let files = &source.files;
    let certificate = file::read(&files.certificate)?;
    between("certificate read");
    // One file for both is read once, so that its two halves are of one generation.
    let key = if files.key == files.certificate {
        certificate.clone()
    } else {
        file::read(&files.key)?
    };
    between("key read");
    let roots = file::read(&files.roots)?;
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
    certificates(&file::read(path)?, path)
}

/// The trust anchors in `pem`, which was read from `path`.
///
/// # Errors
/// When there is none, or rustls does not take one of them as an anchor.
pub fn trust_anchors(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, Rejected> {
    let anchors = certificates(pem, path)?;
    for (anchor, at) in anchors.iter().zip(1..) {
        taken_as_anchor(anchor, (at, anchors.len()), path)?;
    }
    Ok(anchors)
}

/// Whether rustls takes this certificate as an anchor, the one at this place of so many in the file at `path`.
///
/// # Errors
/// `malformed`, with what rustls says of it.
pub fn taken_as_anchor(
    anchor: &CertificateDer<'static>,
    (at, of): (usize, usize),
    path: &Path,
) -> Result<(), Rejected> {
    let added = RootCertStore::empty().add(anchor.clone());
    added.map_err(|error| reject(Reason::Malformed, path, &of_authority(&error, at, of)))
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
    let anchors = trust_anchors(&contents.roots, &source.files.roots)?;
    validate_by(anchors, source, contents, peers, now)
}

/// [`validate`], by these trust anchors instead of those that were read.
///
/// # Errors
/// As [`validate`].
pub fn validate_by(
    anchors: Vec<CertificateDer<'static>>,
    source: &Source,
    contents: &Contents,
    peers: Peers,
    now: UnixTime,
) -> Result<Identity, Rejected> {
    let files = &source.files;
    let chain = certificates(&contents.certificate, &files.certificate)?;
    // An OpenSSL client parses each certificate that it is sent, whether it needs it or not.
    let facts = chain.iter().try_for_each(chain::parse);
    let facts = facts
        .and_then(|()| chain::facts(&chain))
        .map_err(|error| reject(Reason::Malformed, &files.certificate, &error))?;
    let limit = match peers {
        Peers::Clients => &message::OF_SERVER,
        Peers::Servers => &message::OF_CLIENT,
    };
    message::fits(&chain, limit)
        .map_err(|detail| reject(Reason::TooLarge, &files.certificate, &detail))?;
    // Otherwise what is wrong with the leaf would be said of its key.
    ParsedCertificate::try_from(&chain[0])
        .map_err(|error| reject(objection(&error), &files.certificate, &words(&error)))?;
    let key = PrivateKeyDer::from_pem_slice(&contents.key);
    let key = key.map_err(|error| reject_pem(error, &files.key))?;
    let set_sha256 = set_sha256(&chain, &key, &anchors, None);

    // A torn pair, one file of each generation, is caught here: rustls compares the public keys.
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = CertifiedKey::from_der(chain, key.clone_key(), &provider).map_err(|error| {
        let reason = match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Reason::PairMismatch,
            _ => Reason::Malformed,
        };
        reject(reason, &files.key, &error)
    })?;
    validate_chain(peers, source, &certified.cert, &anchors, now)?;
    Ok(Identity {
        certified: Arc::new(certified),
        key,
        anchors,
        peer_anchors: None,
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
    let malformed = |error: &dyn fmt::Display| reject(Reason::Malformed, &files.roots, error);
    let mut roots = RootCertStore::empty();
    for anchor in anchors {
        roots
            .add(anchor.clone())
            .map_err(|error| malformed(&error))?;
    }
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // `certificates` returns at least one.
    let (leaf, intermediates) = chain.split_first().expect("a chain has a leaf");
    let verdict = match peers {
        Peers::Clients => WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| malformed(&error))?
            .verify_server_cert(leaf, intermediates, &source.names[0], &[], now)
            .and_then(|_| valid_for(leaf, &source.names)),
        Peers::Servers => WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| malformed(&error))?
            .verify_client_cert(leaf, intermediates, now)
            .map(drop),
    };
    verdict.map_err(|error| Rejected {
        valid_from: valid_from(&error),
        ..reject(objection(&error), &files.certificate, &words(&error))
    })
}
// ANCHOR_END: validate

/// Whether clients who ask for any of these names would take the certificate.
fn valid_for(leaf: &CertificateDer<'_>, names: &[ServerName<'_>]) -> Result<(), Error> {
    let leaf = ParsedCertificate::try_from(leaf)?;
    let mut names = names.iter();
    names.try_for_each(|name| verify_server_name(&leaf, name))
}

fn objection(error: &Error) -> Reason {
    use CertificateError::*;
    match error {
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => Reason::Expired,
        Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => Reason::NotYetValid,
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            Reason::NameLost
        }
        Error::InvalidCertificate(BadEncoding) => Reason::Malformed,
        _ => Reason::ChainBroken,
    }
}

fn valid_from(error: &Error) -> Option<UnixTime> {
    match error {
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
    peers: Option<&[CertificateDer<'_>]>,
) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    let chain = chain.iter().map(|certificate| (b'c', &certificate[..]));
    let anchors = anchors.iter().map(|anchor| (b'a', &anchor[..]));
    let peers = peers.unwrap_or_default().iter();
    let peers = peers.map(|anchor| (b'p', &anchor[..]));
    let key = [(b'k', key.secret_der())];
    for (kind, der) in chain.chain(key).chain(anchors).chain(peers) {
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
        .map_err(|error| reject_pem(error, path))?;
    if found.is_empty() {
        return Err(reject_pem(pem::Error::NoItemsFound, path));
    }
    Ok(found)
}

fn reject_pem(error: pem::Error, path: &Path) -> Rejected {
    match error {
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
