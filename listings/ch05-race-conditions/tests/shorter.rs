//! Chains with fewer certificates than the one that is served: which are whole, and which are half a
//! file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ch02_hot_reload::identity::{Reason, Source};
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options, Reader, loses_anchor};
use lab::agent::Files;
use lab::log::want;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const SETTLE: Duration = Duration::from_secs(10);

/// A name and its key.
struct Party(X509Name, PKey<Private>);

impl Party {
    fn new(name: &str) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut builder = X509Name::builder().unwrap();
        builder.append_entry_by_text("CN", name).unwrap();
        Self(builder.build(), key)
    }

    /// A certificate of this party's, until `end` in seconds of 1970.
    fn signed_by(&self, issuer: &Self, authority: bool, end: i64) -> String {
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(2).unwrap();
        let mut serial = BigNum::new().unwrap();
        serial.rand(63, MsbOption::MAYBE_ZERO, false).unwrap();
        let serial = Asn1Integer::from_bn(&serial).unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&self.0).unwrap();
        builder.set_issuer_name(&issuer.0).unwrap();
        builder.set_pubkey(&self.1).unwrap();
        let at = |seconds| Asn1Time::from_unix(seconds).unwrap();
        builder.set_not_before(&at(1_000_000_000)).unwrap();
        builder.set_not_after(&at(end)).unwrap();
        if authority {
            let ca = BasicConstraints::new().critical().ca().build().unwrap();
            builder.append_extension(ca).unwrap();
        } else {
            let for_servers = ExtendedKeyUsage::new().server_auth().build().unwrap();
            builder.append_extension(for_servers).unwrap();
            let mut names = SubjectAlternativeName::new();
            let context = builder.x509v3_context(None, None);
            let names = names.dns("localhost").build(&context).unwrap();
            builder.append_extension(names).unwrap();
        }
        builder.sign(&issuer.1, MessageDigest::sha256()).unwrap();
        pem(&builder.build())
    }
}

fn pem(certificate: &X509) -> String {
    String::from_utf8(certificate.to_pem().unwrap()).unwrap()
}

const LATER: i64 = 4_000_000_000;
const EARLIER: i64 = 1_500_000_000;

/// An authority whose new root was signed by its old one, too, as public ones do it.
struct Public {
    leaf: Party,
    intermediate: Party,
    new: Party,
    old: Party,
}

impl Public {
    fn new() -> Self {
        Self {
            leaf: Party::new("leaf"),
            intermediate: Party::new("Intermediate"),
            new: Party::new("New Root"),
            old: Party::new("Old Root"),
        }
    }

    /// Certificates by their names, in PEM.
    fn all(&self, names: &str) -> String {
        let Self {
            leaf,
            intermediate,
            new,
            old,
        } = self;
        let one = |name| match name {
            "leaf" => leaf.signed_by(intermediate, false, LATER),
            "leaf-of-root" => leaf.signed_by(new, false, LATER),
            "intermediate" => intermediate.signed_by(new, true, LATER),
            "cross" => new.signed_by(old, true, LATER),
            "new" => new.signed_by(new, true, LATER),
            "old" => old.signed_by(old, true, LATER),
            "old-expired" => old.signed_by(old, true, EARLIER),
            "stranger" => Party::new("Stranger").signed_by(new, true, LATER),
            other => panic!("{other}: no such certificate"),
        };
        names.split(' ').map(one).collect()
    }
}

/// Files in a directory, and a server on them whose clock stands still.
struct Bench {
    public: Public,
    directory: tempfile::TempDir,
    clock: Arc<AtomicU64>,
    store: Arc<IdentityStore>,
}

impl Bench {
    fn new(
        served: &str,
        anchors: &str,
        rest: Duration,
        pause: impl Fn(&Path) + Send + Sync + 'static,
    ) -> Self {
        let (public, directory) = (Public::new(), lab::directory().unwrap());
        let at = |name: &str| directory.path().join(name);
        let files = Files {
            certificate: at("tls.crt"),
            key: at("tls.key"),
            roots: at("ca.crt"),
        };
        fs::write(&files.certificate, public.all(served)).unwrap();
        let key = public.leaf.1.private_key_to_pem_pkcs8().unwrap();
        fs::write(&files.key, key).unwrap();
        fs::write(&files.roots, public.all(anchors)).unwrap();
        let clock = Arc::new(AtomicU64::new(0));
        let (began, seconds) = (Instant::now(), clock.clone());
        let now = move || began + Duration::from_secs(seconds.load(Ordering::Relaxed));
        let options = Options {
            settle: SETTLE,
            rest,
            ..Options::default()
        };
        let chain = files.certificate.clone();
        let reader = Reader::with_clock(options, Arc::new(now)).pausing(move |_| pause(&chain));
        let store = IdentityStore::start_by(reader.loader(), Source::localhost(files)).unwrap();
        Self {
            public,
            directory,
            clock,
            store,
        }
    }

    fn chain(&self) -> PathBuf {
        self.directory.path().join("tls.crt")
    }

    /// Why this chain was not loaded.
    fn renewed(&self, next: &str) -> Option<Reason> {
        fs::write(self.chain(), self.public.all(next)).unwrap();
        self.looked()
    }

    fn looked(&self) -> Option<Reason> {
        match self.store.reload_and_log() {
            Reload::Loaded(_) => None,
            Reload::Rejected(rejected) => Some(rejected.reason),
            Reload::Unchanged => panic!("nothing was renewed"),
        }
    }

    fn served(&self) -> usize {
        self.store.current().identity.certified.cert.len()
    }
}

/// The authority sends less than before, on purpose. Whoever was served is served: the renewal is loaded
/// at the first look, and nothing is complained of.
#[test]
fn a_shorter_chain_that_leads_to_a_root_is_loaded_at_once() {
    for (served, anchors, next) in [
        // The cross-signed certificate goes: clients know the new root, be it beside the old one.
        ("leaf intermediate cross", "new", "leaf intermediate"),
        ("leaf intermediate cross", "new old", "leaf intermediate"),
        ("leaf intermediate cross", "old new", "leaf intermediate"),
        (
            "leaf intermediate cross",
            "cross new old",
            "leaf intermediate",
        ),
        (
            "leaf intermediate cross old",
            "new old",
            "leaf intermediate cross",
        ),
        // The root is no longer appended, or something that nobody needed.
        ("leaf intermediate new", "new", "leaf intermediate"),
        ("leaf intermediate stranger", "new", "leaf intermediate"),
        ("leaf intermediate intermediate", "new", "leaf intermediate"),
        // The root issues leaves itself.
        ("leaf intermediate", "new", "leaf-of-root"),
        // The intermediate is what clients trust, and no root.
        ("leaf intermediate", "intermediate", "leaf"),
        // It is needed by clients of a root alone that has expired.
        (
            "leaf intermediate cross",
            "cross old-expired",
            "leaf intermediate",
        ),
    ] {
        let (log, _capturing) = lab::emit::capture();
        let bench = Bench::new(served, anchors, Duration::ZERO, |_| ());
        let rejected = bench.renewed(next);
        assert_eq!(rejected, None, "{served} by {anchors}, then {next}");
        assert_eq!(bench.served(), next.split(' ').count());
        assert_eq!(log.all(&want("identity_rejected")).len(), 0);
    }
}

/// It validates, since the file of anchors lists an intermediate. Clients that know the root alone
/// refuse it, and the words name that root.
#[test]
fn a_chain_that_lost_what_clients_of_a_root_need_is_believed_in_time() {
    for (served, anchors, next, root) in [
        ("leaf intermediate", "intermediate new", "leaf", "New Root"),
        ("leaf intermediate", "new intermediate", "leaf", "New Root"),
        (
            "leaf intermediate cross",
            "cross old",
            "leaf intermediate",
            "Old Root",
        ),
        (
            "leaf intermediate cross",
            "intermediate new old",
            "leaf",
            "New Root",
        ),
    ] {
        let (log, _capturing) = lab::emit::capture();
        let bench = Bench::new(served, anchors, Duration::ZERO, |_| ());
        let rejected = bench.renewed(next);
        assert_eq!(
            rejected,
            Some(Reason::ChainShrunk),
            "{served} by {anchors}, then {next}"
        );
        let told = log.all(&want("identity_rejected"));
        let detail = told[0].text("detail").unwrap();
        assert!(detail.contains(&format!("\"{root}\"")), "{detail}");
        bench.clock.store(SETTLE.as_secs() - 1, Ordering::Relaxed);
        assert_eq!(bench.looked(), Some(Reason::ChainShrunk));
        bench.clock.store(SETTLE.as_secs(), Ordering::Relaxed);
        assert_eq!(bench.looked(), None);
        assert_eq!(bench.served(), next.split(' ').count());
    }
}

/// The certificate was written before its chain was appended, or the intermediate is lost.
#[test]
fn a_leaf_alone_where_a_chain_is_needed_is_never_believed() {
    for anchors in ["new", "new old"] {
        let bench = Bench::new("leaf intermediate", anchors, Duration::ZERO, |_| ());
        assert_eq!(bench.renewed("leaf"), Some(Reason::ChainBroken));
        bench.clock.store(SETTLE.as_secs(), Ordering::Relaxed);
        assert_eq!(bench.looked(), Some(Reason::ChainBroken));
        assert_eq!(bench.served(), 2);
    }
}

/// What is whole may be half a file all the same: the writer has the cross-signed certificate yet to
/// append. It is waited for as long as for files that are torn.
#[test]
fn a_writer_that_is_at_the_last_certificate_is_waited_for() {
    let (late, begun) = (
        Arc::new(std::sync::Mutex::new(String::new())),
        Arc::new(AtomicBool::new(false)),
    );
    let (cross, writing) = (late.clone(), begun.clone());
    let append = move |chain: &Path| {
        if writing.swap(false, Ordering::Relaxed) {
            let text = fs::read_to_string(chain).unwrap() + &cross.lock().unwrap();
            fs::write(chain, text).unwrap();
        }
    };
    let rest = Duration::from_millis(250);
    let bench = Bench::new("leaf intermediate cross", "new old", rest, append);
    *late.lock().unwrap() = bench.public.all("cross");
    begun.store(true, Ordering::Relaxed);
    assert_eq!(bench.renewed("leaf intermediate"), None);
    assert_eq!(bench.served(), 3, "it was not waited for");
}

/// To compare each anchor with each other took minutes for a thousand of them, and at each look. To make them takes longer than to
/// compare them.
#[test]
fn a_thousand_anchors_are_compared_at_once() {
    let began = Instant::now();
    let root = |at: usize| {
        let party = Party::new(&format!("Root {at}"));
        let pem = party.signed_by(&party, true, LATER);
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    };
    let served: Vec<_> = (0..1000).map(root).collect();
    let reversed: Vec<_> = served.iter().rev().cloned().collect();
    let made = began.elapsed();
    let began = Instant::now();
    assert!(!loses_anchor(&served, &served));
    assert!(!loses_anchor(&served, &reversed));
    assert!(loses_anchor(&served, &reversed[1..]));
    assert!(!loses_anchor(&served[..999], &reversed));
    let compared = began.elapsed();
    assert!(
        compared < 3 * made,
        "{compared:?}, and {made:?} to make them"
    );
}

/// An authority may have the name of its leaf. OpenSSL takes the leaf for one that has signed itself only where its
/// signature is of the kind of its own key (`EXFLAG_SS` in `crypto/x509/v3_purp.c`).
#[test]
fn a_leaf_with_the_name_of_its_authority_and_another_kind_of_key() {
    let authority = Party::new("One Name");
    let other = Party(Party::new("One Name").0, PKey::generate_ed25519().unwrap());
    for (leaf, taken) in [(other, true), (Party::new("One Name"), false)] {
        let directory = lab::directory().unwrap();
        let at = |name: &str| directory.path().join(name);
        let files = Files {
            certificate: at("tls.crt"),
            key: at("tls.key"),
            roots: at("ca.crt"),
        };
        let certificate = leaf.signed_by(&authority, false, LATER);
        fs::write(&files.certificate, certificate).unwrap();
        let key = leaf.1.private_key_to_pem_pkcs8().unwrap();
        fs::write(&files.key, key).unwrap();
        let root = authority.signed_by(&authority, true, LATER);
        fs::write(&files.roots, root).unwrap();
        let reader = Reader::new(Options::default()).pausing(|_| ());
        let why = reader.read(&Source::localhost(files), None).err();
        assert_eq!(why.is_none(), taken, "{why:?}");
    }
}
