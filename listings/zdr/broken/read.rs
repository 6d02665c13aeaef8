//! Reading: chapter 5's reader, and what it becomes when a question is left out.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::{self, Identity, Reason, Rejected, Source, reject};
use ch05_race_conditions::{ExposedKey, LOOKS, Options, Reader, pem, pinned};
use lab::agent::Files;
use lab::chain;
use rustls::SignatureAlgorithm;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::defect::Defect;
use crate::leaks;
use crate::state::State;
use lab::eprintln;

/// Reads the server's own identity, and the CAs of its clients where it asks for certificates.
pub struct Reading {
    defect: Option<Defect>,
    reader: Reader,
    clients: Option<Clients>,
    /// The anchors beside the chain, of the last identity. Those in the identity are the clients'
    /// where there are some.
    own: Mutex<Vec<CertificateDer<'static>>>,
    /// What has been read already, and is published next.
    next: Mutex<Option<Identity>>,
    last: Mutex<Option<[u8; 32]>>,
    state: Arc<State>,
}

impl Reading {
    pub fn new(
        defect: Option<Defect>,
        settle: Duration,
        client_roots: Option<PathBuf>,
        state: Arc<State>,
    ) -> Self {
        let settle = match defect {
            Some(Defect::TrustBelievedAtOnce) => Duration::ZERO,
            _ => settle,
        };
        Self {
            defect,
            reader: Reader::new(Options {
                settle,
                // What is wrong is said at once: the verifier looks for it.
                rest: Duration::ZERO,
                exposed_key: ExposedKey::Warn,
                // zdr itself is the client.
                ml_dsa: true,
                ..Options::default()
            }),
            clients: client_roots.map(|file| Clients::new(file, settle, defect)),
            own: Mutex::default(),
            next: Mutex::default(),
            last: Mutex::default(),
            state,
        }
    }

    /// What the files hold at this moment, where it is neither `served` nor what was read last.
    pub fn news(&self, source: &Source, served: &Identity) -> Result<Option<Identity>, Rejected> {
        let identity = self.whole(source, None)?;
        let sha256 = Some(identity.set_sha256);
        let known = std::mem::replace(&mut *lock(&self.last), sha256) == sha256;
        let news = !known && sha256 != Some(served.set_sha256);
        Ok(news.then_some(identity))
    }

    /// Whatever the files hold by then, the next reload publishes this.
    pub fn publish_next(&self, identity: Identity) {
        *lock(&self.next) = Some(identity);
    }

    pub fn read(&self, source: &Source, serving: Option<&Identity>) -> Result<Identity, Rejected> {
        if let Some(next) = lock(&self.next).take() {
            return Ok(next);
        }
        let read = self.whole(source, serving);
        match (self.defect, serving, &read) {
            (Some(Defect::LastGoodLost), Some(_), read) => {
                self.state.lost.store(read.is_err(), Ordering::SeqCst);
            }
            (Some(Defect::ChangedInPlace), Some(_), Err(error))
                if error.reason == Reason::PairMismatch =>
            {
                self.state.lost.store(true, Ordering::SeqCst);
            }
            (Some(Defect::ExitsOnBadFile), Some(_), Err(error))
                if error.reason != Reason::PairMismatch =>
            {
                eprintln!("error: {error}");
                std::process::exit(1);
            }
            (Some(Defect::FailureLeaks), _, Err(_)) => leaks::descriptors(),
            (Some(Defect::KeyInLog), _, Err(error)) => {
                let key = fs::read_to_string(&source.files.key).unwrap_or_default();
                let detail = format!("{}: {key}", error.detail);
                return Err(Rejected {
                    detail,
                    ..error.clone()
                });
            }
            (Some(defect), Some(serving), Ok(next)) => {
                return choosy(defect, serving, next, source);
            }
            _ => {}
        }
        read
    }

    fn whole(&self, source: &Source, serving: Option<&Identity>) -> Result<Identity, Rejected> {
        let before = serving.map(|serving| match &self.clients {
            Some(_) => serving.clone().with_trust_anchors(lock(&self.own).clone()),
            None => serving.clone(),
        });
        let own = self.own(source, before.as_ref());
        let Some(clients) = &self.clients else {
            return own;
        };
        // Both are read each time: what shrank in both is waited for once.
        let anchors = clients.read(serving);
        let (own, anchors) = (own?, anchors?);
        lock(&self.own).clone_from(&own.anchors);
        Ok(own.with_trust_anchors(anchors))
    }

    fn own(&self, source: &Source, serving: Option<&Identity>) -> Result<Identity, Rejected> {
        let passes_over = match self.defect {
            Some(Defect::TornPair) => return loose(source, Loose::Pair),
            Some(Defect::TruncatedChain) => return loose(source, Loose::Chain),
            Some(Defect::MidWrite) => {
                let read = loose(source, Loose::All);
                // Half a chain may be a whole leaf: that depends on how long its signature is.
                let is_half = |of: &Identity| of.certified.cert.len() < 2;
                let lost = read.as_ref().map_or(true, is_half);
                self.state.lost.store(lost, Ordering::SeqCst);
                return read;
            }
            Some(Defect::NotYetValid) => Reason::NotYetValid,
            Some(Defect::Expired) => Reason::Expired,
            Some(Defect::WrongName) => Reason::NameLost,
            Some(Defect::Stranger) => Reason::ChainBroken,
            Some(Defect::KindsUncompared) => Reason::PairMismatch,
            _ => {
                let next = self.reader.read(source, serving)?;
                return Ok(match serving {
                    Some(serving) if self.defect == Some(Defect::ChainOnlyIgnored) => {
                        unless_same_leaf(next, serving)
                    }
                    _ => next,
                });
            }
        };
        self.reader
            .read(source, serving)
            .or_else(|error| match error.reason == passes_over {
                true if passes_over == Reason::PairMismatch => {
                    let read = loose(source, Loose::Pair).ok();
                    read.filter(is_of_two_kinds).ok_or(error)
                }
                true => loose(source, Loose::Peer),
                false => Err(error),
            })
    }
}

/// Whether its certificate is for another kind of key than the one that it has.
fn is_of_two_kinds(identity: &Identity) -> bool {
    let kind_of = |spki: &[u8]| {
        let (_, spki) = SubjectPublicKeyInfo::from_der(spki).ok()?;
        Some(spki.algorithm.algorithm.to_id_string())
    };
    let leaf = identity.certified.cert.first();
    let certified = leaf.and_then(|leaf| {
        let (_, leaf) = x509_parser::parse_x509_certificate(leaf).ok()?;
        Some(leaf.public_key().algorithm.algorithm.to_id_string())
    });
    let own = identity.certified.key.public_key();
    own.is_some_and(|own| kind_of(&own) != certified)
}

/// Refuses, or passes over, what is valid.
fn choosy(
    defect: Defect,
    serving: &Identity,
    next: &Identity,
    source: &Source,
) -> Result<Identity, Rejected> {
    let other = |at: fn(usize) -> usize| {
        let issuer = |identity: &Identity| issuer(&identity.certified.cert, at);
        issuer(serving) != issuer(next)
    };
    let refused = match defect {
        // RFC 3339 in UTC: as text they are in the order of time.
        Defect::TwoDigitYears => next.facts.not_after.as_str() >= "2050",
        Defect::EarlierRefused => next.facts.not_before < serving.facts.not_before,
        Defect::ShorterRefused => next.facts.not_after < serving.facts.not_after,
        Defect::KeyKindPinned => kind(serving) != kind(next),
        Defect::IssuerPinned => other(|_| 0),
        Defect::RootPinned => other(|length| length - 1),
        Defect::IssuerByName => return Ok(with_issuer_of_name(next, serving)),
        Defect::TwoCertificates => return Ok(with_chain(next, |chain| chain.truncate(2))),
        Defect::SameKeyIgnored if serving.key == next.key => return Ok(serving.clone()),
        _ => false,
    };
    match refused {
        true => {
            let error = "it is not like the one before";
            Err(reject(
                Reason::ChainBroken,
                &source.files.certificate,
                &error,
            ))
        }
        false => Ok(next.clone()),
    }
}

/// The kind of its key.
fn kind(identity: &Identity) -> SignatureAlgorithm {
    identity.certified.key.algorithm()
}

/// Who has issued the certificate at this place of a chain, by the chain's length.
fn issuer(chain: &[CertificateDer<'_>], at: fn(usize) -> usize) -> Option<String> {
    let certificate = chain.get(at(chain.len()))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(parsed.issuer().to_string())
}

/// The next leaf with the intermediate that is served, where its name is the one that is looked for.
fn with_issuer_of_name(next: &Identity, serving: &Identity) -> Identity {
    let known = serving.certified.cert.get(1).cloned();
    let same = issuer(&next.certified.cert, |_| 0) == issuer(&serving.certified.cert, |_| 0);
    with_chain(next, |chain| match (chain.get_mut(1), known) {
        (Some(issuer), Some(known)) if same => *issuer = known,
        _ => {}
    })
}

fn with_chain(
    identity: &Identity,
    change: impl FnOnce(&mut Vec<CertificateDer<'static>>),
) -> Identity {
    let mut certified = CertifiedKey::clone(&identity.certified);
    change(&mut certified.cert);
    Identity {
        certified: Arc::new(certified),
        ..identity.clone()
    }
}

fn unless_same_leaf(next: Identity, serving: &Identity) -> Identity {
    let leaf = |identity: &Identity| identity.certified.cert.first().cloned();
    match leaf(&next) == leaf(serving) {
        true => serving.clone(),
        false => next,
    }
}

/// What is not asked.
#[derive(Clone, Copy, PartialEq)]
enum Loose {
    /// Whether a peer would accept it.
    Peer,
    /// Nor whether the chain is whole.
    Chain,
    /// Nor whether the key belongs to the certificate. The chain must be whole.
    Pair,
    /// Nothing.
    All,
}

/// Reads each file once, by its path.
fn loose(source: &Source, loose: Loose) -> Result<Identity, Rejected> {
    let files = &source.files;
    let contents = identity::contents(source, |_| ())?;
    let blocks = CertificateDer::pem_slice_iter(&contents.certificate);
    let mut chain = Vec::new();
    for block in blocks {
        match block {
            Ok(certificate) => chain.push(certificate),
            Err(_) if matches!(loose, Loose::Chain | Loose::All) => break,
            Err(_) => {
                let error = "it does not parse as PEM";
                return Err(reject(Reason::Truncated, &files.certificate, &error));
            }
        }
    }
    let facts = chain::facts(&chain)
        .map_err(|error| reject(Reason::Truncated, &files.certificate, &error))?;
    let malformed = |error: &str| reject(Reason::Malformed, &files.key, &error);
    let key = PrivateKeyDer::from_pem_slice(&contents.key)
        .map_err(|_| malformed("it holds no key in PEM"))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let signing = provider.key_provider.load_private_key(key.clone_key());
    let signing = signing.map_err(|error| malformed(&error.to_string()))?;
    let certified = CertifiedKey::new(chain, signing);
    if matches!(loose, Loose::Peer | Loose::Chain) {
        let matches = certified.keys_match();
        matches.map_err(|error| reject(Reason::PairMismatch, &files.key, &error))?;
    }
    let anchors = identity::anchors(source)?;
    let identity = Identity {
        certified: Arc::new(certified),
        key,
        anchors: Vec::new(),
        peer_anchors: None,
        facts,
        set_sha256: [0; 32],
    };
    // It makes the hash of the set.
    Ok(identity.with_trust_anchors(anchors))
}

/// The CAs of clients, read with the same care: stable, whole, and not less than before unless it
/// stays so.
struct Clients {
    file: PathBuf,
    settle: Duration,
    defect: Option<Defect>,
    shrunk: Mutex<Option<(Vec<CertificateDer<'static>>, Instant)>>,
}

impl Clients {
    fn new(file: PathBuf, settle: Duration, defect: Option<Defect>) -> Self {
        Self {
            file,
            settle,
            defect,
            shrunk: Mutex::default(),
        }
    }

    fn read(&self, serving: Option<&Identity>) -> Result<Vec<CertificateDer<'static>>, Rejected> {
        let shrunk = lock(&self.shrunk).take();
        if let (Some(serving), Some(Defect::TrustNeverReloaded)) = (serving, self.defect) {
            return Ok(serving.anchors.clone());
        }
        let at_once = self.defect == Some(Defect::TrustBelievedAtOnce);
        let text = match at_once {
            true => fs::read(&self.file)
                .map_err(|error| reject(Reason::Unreadable, &self.file, &error))?,
            false => self.stable()?,
        };
        if !at_once {
            pem::whole(&text, &self.file)?;
        }
        // What is cut within a block ends the list, where nobody asked whether it is whole.
        let anchors: Vec<_> = CertificateDer::pem_slice_iter(&text)
            .map_while(Result::ok)
            .collect();
        if anchors.is_empty() {
            return Err(reject(Reason::Truncated, &self.file, &"no trust anchor"));
        }
        let lost = |anchor| !anchors.contains(anchor);
        let less = serving.is_some_and(|serving| serving.anchors.iter().any(lost));
        if at_once || !less {
            return Ok(anchors);
        }
        let since = match shrunk {
            Some((before, since)) if before == anchors => since,
            _ => Instant::now(),
        };
        if since.elapsed() >= self.settle {
            return Ok(anchors);
        }
        *lock(&self.shrunk) = Some((anchors, since));
        let error = format!("anchors are gone: believed after {:?}", self.settle);
        Err(reject(Reason::TrustShrunk, &self.file, &error))
    }

    fn stable(&self) -> Result<Vec<u8>, Rejected> {
        let files = Files {
            certificate: self.file.clone(),
            key: self.file.clone(),
            roots: self.file.clone(),
        };
        let mut before = pinned::look(&files, None, &mut |_| ());
        for _ in 1..LOOKS {
            let again = pinned::look(&files, None, &mut |_| ());
            if again == before {
                return again.map(|seen| seen.certificate.bytes);
            }
            before = again;
        }
        let error = "the file was different at each look";
        Err(reject(Reason::Torn, &self.file, &error))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
