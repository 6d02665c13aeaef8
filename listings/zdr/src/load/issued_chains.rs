//! What may be shown: the chains that were issued, and which generation each of them is.
//!
//! A server may send more than was issued: the root at the end, an intermediate of its own, and in
//! another order (RFC 9846, section 4.5.1). A client that accepts the leaf has no reason to object, and
//! neither have we. Certificates of two generations in one chain are another matter.

use std::sync::{Mutex, MutexGuard};

use lab::authority::Issued;
use lab::chain::sha256;
use lab::client::Seen;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The chains that were issued, by what a client can see of them.
#[derive(Debug, Default)]
pub struct Chains {
    inner: Mutex<Inner>,
    open: bool,
}

#[derive(Debug, Default)]
struct Inner {
    issued: Vec<Chain>,
    /// The trust anchors: of no generation, whoever sends them.
    roots: Vec<String>,
    /// The most that was sent with a leaf beside what was issued with it.
    added: Option<Added>,
}

/// What was sent with a leaf beside what was issued with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Added {
    /// How many certificates more. None where only their order was another one.
    pub certificates: usize,
    /// Whether a trust anchor was among them.
    pub root: bool,
    /// Whether one of all certificates was sent twice.
    pub twice: bool,
}

#[derive(Debug)]
struct Chain {
    generation: u32,
    serial: String,
    /// Of the whole chain.
    sha256: String,
    /// Of each certificate, leaf first.
    certificates: Vec<String>,
}

impl Chains {
    /// For chains that are issued elsewhere: each that clients accept is a new generation.
    pub fn of_others() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    /// Adds one, and returns its generation: 0 for the first.
    pub fn add(&self, issued: &Issued) -> u32 {
        let mut inner = self.lock();
        let next = inner.next();
        inner.add(next, issued);
        next
    }

    /// Adds one that may be shown beside the last: of the same generation, for another kind of key.
    pub fn add_beside(&self, issued: &Issued) {
        let mut inner = self.lock();
        let latest = inner.latest();
        inner.add(latest, issued);
    }

    /// Tells what the clients' trust anchors are, in PEM.
    pub fn anchored_in(&self, roots_pem: &str) {
        self.lock().roots = fingerprints(roots_pem);
    }

    /// The generation that was added last.
    pub fn latest(&self) -> u32 {
        self.lock().latest()
    }

    /// The serial of a generation.
    pub fn serial(&self, generation: u32) -> Option<String> {
        let inner = self.lock();
        let mut chains = inner.issued.iter();
        let chain = chains.find(|chain| chain.generation == generation)?;
        Some(chain.serial.clone())
    }

    /// Whether this leaf was issued, by its SHA-256, whatever comes with it.
    pub(crate) fn has_leaf(&self, sha256: &str) -> bool {
        let inner = self.lock();
        let mut leaves = inner
            .issued
            .iter()
            .filter_map(|chain| chain.certificates.first());
        leaves.any(|leaf| leaf == sha256)
    }

    /// The most that was sent with a leaf beside what was issued with it. `None` where each chain came
    /// as it was issued.
    pub fn added(&self) -> Option<Added> {
        self.lock().added
    }

    /// Which generation this is. `None` where it was never issued so.
    pub fn generation(&self, seen: &Seen) -> Option<u32> {
        let mut inner = self.lock();
        let sha256 = &seen.chain.chain_sha256;
        let as_issued = |chain: &Chain| chain.sha256 == *sha256;
        let mut at = inner.issued.iter().rposition(as_issued);
        if at.is_none() && self.open {
            let next = inner.next();
            inner.issued.push(Chain {
                generation: next,
                serial: seen.chain.serial.clone(),
                sha256: sha256.clone(),
                certificates: seen.certificates.clone(),
            });
            at = Some(inner.issued.len() - 1);
        }
        if at.is_none() {
            let (found, added) = inner.with_others(&seen.certificates)?;
            inner.added = inner.added.max(Some(added));
            at = Some(found);
        }
        Some(inner.issued[at?].generation)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Inner {
    fn latest(&self) -> u32 {
        self.issued.last().map_or(0, |chain| chain.generation)
    }

    fn next(&self) -> u32 {
        self.issued.last().map_or(0, |chain| chain.generation + 1)
    }

    fn add(&mut self, generation: u32, issued: &Issued) {
        self.issued.push(Chain {
            generation,
            serial: issued.facts.serial.clone(),
            sha256: issued.facts.chain_sha256.clone(),
            certificates: fingerprints(&issued.chain_pem),
        });
    }

    /// The generation whose leaf comes first and whose certificates are all there, roots aside, where
    /// none of the others belongs to another generation.
    fn with_others(&self, shown: &[String]) -> Option<(usize, Added)> {
        let is_root = |one: &String| self.roots.contains(one);
        let whole = |chain: &Chain| {
            let needed = chain.certificates.iter().filter(|one| !is_root(one));
            chain.certificates.first() == shown.first()
                && needed.clone().all(|one| shown.contains(one))
        };
        let at = self.issued.iter().rposition(whole)?;
        let own = &self.issued[at].certificates;
        let mut others = shown.iter().filter(|one| !own.contains(one));
        let elsewhere = |one: &String| self.issued.iter().any(|of| of.certificates.contains(one));
        if others.clone().any(|one| !is_root(one) && elsewhere(one)) {
            return None;
        }
        let added = Added {
            certificates: shown.len().saturating_sub(own.len()),
            root: others.any(is_root),
            twice: (1..shown.len()).any(|at| shown[..at].contains(&shown[at])),
        };
        Some((at, added))
    }
}

/// SHA-256 of each certificate, in hex. What does not parse is none.
fn fingerprints(pem: &str) -> Vec<String> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    certificates.flatten().map(|one| sha256(&one)).collect()
}
