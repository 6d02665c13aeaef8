//! Roots by the hundred, and a root that is renewed with its name and its key.

use std::fs;
use std::slice;
use std::sync::{Arc, Mutex};

use ch02_hot_reload::identity::{Peers, Source, validate_chain};
use ch02_hot_reload::message;
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options as Care, Reader};
use ch08_trust_rotation::mutual::server_config;
use ch08_trust_rotation::root::Root;
use ch08_trust_rotation::roots::Roots;
use lab::agent::{Agent, Strategy};
use lab::log::want;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, GeneralSubtree};
use rcgen::{IsCa, Issuer, KeyPair, NameConstraints};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use super::bench::{QUIET, sessions};

fn root(name: &str, key: &KeyPair) -> (Certificate, CertificateParams) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(key).unwrap(), params)
}

/// Shows what it has, and remembers how many authorities were named to it.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>, Mutex<Option<usize>>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.1.lock().unwrap() = Some(hints.len());
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A server lets clients in by so many authorities whose names are so long. How many of them it
/// names to a client that shows the server's own leaf.
fn named(count: usize, length: usize) -> usize {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let key = KeyPair::generate().unwrap();
    let padding = "x".repeat(length);
    let others = (1..count).map(|number| root(&format!("{number:04}{padding}"), &key).0.pem());
    let roots: String = others.chain([agent.root_pem().to_owned()]).collect();
    fs::write(agent.files().roots, roots).unwrap();
    let reader = Reader::new(Care::default());
    let identity = reader
        .read(&Source::localhost(agent.files()), None)
        .unwrap();
    assert_eq!(identity.anchors.len(), count);
    let server = Arc::new(server_config(&identity).unwrap());

    let mut anchors = RootCertStore::empty();
    anchors.add(identity.anchors[count - 1].clone()).unwrap();
    let shows = Arc::new(Shows(identity.certified.clone(), Mutex::default()));
    let client =
        ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(anchors)
            .with_client_cert_resolver(shows.clone());
    lab::memory::handshake(&server, &Arc::new(client)).unwrap();
    shows
        .1
        .lock()
        .unwrap()
        .expect("it was asked for a certificate")
}

/// The length of the whole list, and of the message it stands in, is two bytes. What does not fit
/// is not sent: a client that is asked without a list shows what it has.
#[test]
fn a_thousand_authorities() {
    assert_eq!(named(10, 60), 10);
    assert_eq!(named(1000, 60), 0);
}

/// As many as fit beside the chain are sent: a rustls client reads the largest list that this server
/// makes. One more, and there is no list.
#[test]
fn as_many_authorities_as_are_named() {
    // The name, four bytes of it a number, and what DER puts around it (13), with two of its length.
    let each = 60 + 4 + 13 + 2;
    // The chain is of two certificates of a varying length, and below 1,000 bytes each.
    let fits = (message::LARGEST - 2_000) / each;
    assert_eq!(named(fits, 60), fits);
    assert_eq!(named(message::LARGEST / each + 1, 60), 0);
}

struct Files {
    agent: Agent,
    key: KeyPair,
    _directory: tempfile::TempDir,
}

/// A leaf right under Root A.
fn files() -> Files {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let key = KeyPair::generate().unwrap();
    let (old, params) = root("Root A", &key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let issuer = Issuer::new(params, &key);
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let files = agent.files();
    fs::write(&files.certificate, leaf.pem()).unwrap();
    fs::write(&files.key, leaf_key.serialize_pem()).unwrap();
    fs::write(&files.roots, old.pem()).unwrap();
    Files {
        agent,
        key,
        _directory: directory,
    }
}

/// The root's certificate is new, and its name and key are not: it is replaced where it stands,
/// though the server's own leaf is under it. Nothing is held, drained or removed.
#[tokio::test(start_paused = true)]
async fn a_root_that_is_renewed_with_its_key() {
    let (log, _capturing) = lab::emit::capture();
    let files = files();
    let source = Source::localhost(files.agent.files());
    let roots = Roots::new(source.clone(), sessions(), QUIET);
    let reader = Reader::new(Care::default());
    let store = IdentityStore::start_by(roots.loader(reader.read_fn()), source).unwrap();
    let old = store.current().identity.anchors.clone();

    let (renewed, _) = root("Root A", &files.key);
    // Both for a while, as an operator would: they are one root.
    let both = format!("{}{}", old_pem(&files), renewed.pem());
    for (listed, generation) in [(both, 1), (renewed.pem(), 2)] {
        fs::write(files.agent.files().roots, listed).unwrap();
        store.reload();
        roots.drain_all(&store);
        let anchors = &store.current().identity.anchors;
        assert_eq!(anchors.len(), 1);
        assert_eq!(store.current().number, generation);
        assert_eq!(Root::of(&anchors[0]), Root::of(&old[0]));
    }
    assert_eq!(store.current().identity.anchors[0], *renewed.der());
    for event in [
        "trust_held",
        "drain_refused",
        "trust_moved",
        "identity_rejected",
    ] {
        log.assert_none(&want(event));
    }
    assert!(matches!(store.reload(), Reload::Unchanged));
}

/// The control: one that keeps its name alone is another root, and the old one is held by the leaf.
#[tokio::test(start_paused = true)]
async fn a_root_with_another_key_is_another() {
    let files = files();
    let source = Source::localhost(files.agent.files());
    let roots = Roots::new(source.clone(), sessions(), QUIET);
    let reader = Reader::new(Care::default());
    let store = IdentityStore::start_by(roots.loader(reader.read_fn()), source).unwrap();
    let (other, _) = root("Root A", &KeyPair::generate().unwrap());
    let both = format!("{}{}", old_pem(&files), other.pem());
    fs::write(files.agent.files().roots, both).unwrap();
    store.reload();
    let anchors = &store.current().identity.anchors;
    assert_eq!(anchors.len(), 2);
    assert_ne!(Root::of(&anchors[0]), Root::of(&anchors[1]));
}

/// Constraints on names are no part of what a root is here, and rustls keeps to them.
#[test]
fn a_root_that_is_renewed_with_a_constraint_on_names() {
    let files = files();
    let source = Source::localhost(files.agent.files());
    let identity = Reader::new(Care::default()).read(&source, None).unwrap();
    let (wide, mut params) = root("Root A", &files.key);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.test".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let narrow = params.self_signed(&files.key).unwrap();
    assert_eq!(Root::of(wide.der()), Root::of(narrow.der()));

    let (chain, now) = (&identity.certified.cert, UnixTime::now());
    let validated = |root: &Certificate| {
        validate_chain(
            Peers::Clients,
            &source,
            chain,
            slice::from_ref(root.der()),
            now,
        )
    };
    validated(&wide).unwrap();
    let rejected = validated(&narrow).unwrap_err();
    assert!(
        rejected.detail.contains("NameConstraintViolation"),
        "{rejected}"
    );
}

fn old_pem(files: &Files) -> String {
    fs::read_to_string(files.agent.files().roots).unwrap()
}
