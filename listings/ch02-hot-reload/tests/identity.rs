//! What a set of files is told by, what is said of a bad one, and to whom a new one is told.

use std::fs;
use std::path::Path;

use ch02_hot_reload::IdentityStore;
use ch02_hot_reload::identity::{self, Identity, Reason, Rejected, Source};
use lab::agent::{Agent, Strategy};
use openssl::base64::encode_block;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use tempfile::TempDir;

fn started(strategy: Strategy) -> (TempDir, Agent, Source) {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), strategy).unwrap();
    let source = Source::localhost(agent.files());
    (directory, agent, source)
}

fn refused(source: &Source, reason: Reason, file: &Path) -> Rejected {
    let rejected = identity::read(source).unwrap_err();
    assert_eq!(
        (rejected.reason, rejected.file.as_path()),
        (reason, file),
        "{rejected}"
    );
    rejected
}

/// Kind and length stand before each part: no two sets are told by the same hash.
#[test]
fn no_two_sets_run_together() {
    let (_directory, _agent, source) = started(Strategy::RenameEach);
    let identity = identity::read(&source).unwrap();
    let under = |anchors: &[&str], peers: &[&str]| {
        let of = |all: &[&str]| {
            let all = all
                .iter()
                .map(|one| CertificateDer::from(one.as_bytes().to_vec()));
            all.collect::<Vec<_>>()
        };
        let set: Identity = identity.clone().with_trust_anchors(of(anchors));
        match peers {
            [] => set.set_sha256,
            peers => set.with_peer_anchors(of(peers)).set_sha256,
        }
    };
    let sets = [
        under(&["x", "y"], &[]),
        under(&["y", "x"], &[]),
        under(&["xay"], &[]),
        under(&["x"], &["y"]),
        under(&["xpy"], &[]),
        under(&["x\0\0\0\0\0\0\0\u{1}y"], &[]),
    ];
    for (at, set) in sets.iter().enumerate() {
        assert!(
            !sets[..at].contains(set),
            "set {at} has the hash of another"
        );
    }
    assert_eq!(under(&["x", "y"], &[]), sets[0]);
}

/// A bundle is read once: a writer that comes between finds no second look.
#[test]
fn one_file_for_both_is_read_once() {
    let (_directory, mut agent, source) = started(Strategy::Bundle);
    let contents = identity::contents(&source, |step| {
        if step == "certificate read" {
            agent.rotate().unwrap();
        }
    });
    let contents = contents.unwrap();
    assert!(
        contents.key == contents.certificate,
        "its halves are of two generations"
    );
}

/// rustls cannot parse it, and OpenSSL can: the key is not to blame.
#[test]
fn a_certificate_that_rustls_does_not_parse_is_the_one_at_fault() {
    let (_directory, _agent, source) = started(Strategy::RenameEach);
    let path = &source.files.certificate;
    let mut leaf = CertificateDer::from_pem_file(path).unwrap().to_vec();
    // A mark `critical` that is neither 0 nor 255 is no DER.
    let critical = leaf.windows(3).position(|three| three == [1, 1, 0xff]);
    leaf[critical.expect("an extension is critical") + 2] = 1;
    let block = encode_block(&leaf);
    let block = format!("-----BEGIN CERTIFICATE-----\n{block}\n-----END CERTIFICATE-----\n");
    fs::write(path, block).unwrap();
    refused(&source, Reason::Malformed, path);
}

/// A parser's message may repeat what stands there.
#[test]
fn what_is_wrong_with_a_key_is_said_without_its_bytes() {
    type Spoil = fn(&str) -> String;
    let spoilt: [(Spoil, Reason, &str); 3] = [
        // The whole key is one line: to the parser all of it is the label.
        (
            |key| key.replace('\n', ""),
            Reason::Truncated,
            "a PEM block has no end",
        ),
        (
            |key| key.replacen("-----\n", "-----", 1),
            Reason::Malformed,
            "a PEM block has no proper start",
        ),
        (
            |key| key.replacen("\nM", "\n!", 1),
            Reason::Malformed,
            "it does not parse as PEM",
        ),
    ];
    for (spoil, reason, detail) in spoilt {
        let (_directory, _agent, source) = started(Strategy::RenameEach);
        let path = &source.files.key;
        let key = fs::read_to_string(path).unwrap();
        fs::write(path, spoil(&key)).unwrap();
        assert_eq!(refused(&source, reason, path).detail, detail);
    }
}

#[test]
fn what_is_no_trust_anchor_for_peers_is_named() {
    let (directory, agent, mut source) = started(Strategy::RenameEach);
    let path = directory.path().join("peers.crt");
    let page = "PCFET0NUWVBFIGh0bWw+PGh0bWw+PC9odG1sPg==";
    let block = format!("-----BEGIN CERTIFICATE-----\n{page}\n-----END CERTIFICATE-----\n");
    fs::write(&path, format!("{}{block}", agent.root_pem())).unwrap();
    source.peer_roots = Some(path.clone());
    refused(&source, Reason::Malformed, &path);
    fs::write(&path, agent.root_pem()).unwrap();
    identity::read(&source).unwrap();
}

/// What is said once is not said again, and what is new is. Whoever mends one fault of a file, and leaves
/// another, is told of that.
#[test]
fn another_file_another_date_or_another_fault_is_news() {
    let about = |file: &str, from: Option<u64>| Rejected {
        valid_from: from
            .map(|from| UnixTime::since_unix_epoch(std::time::Duration::from_secs(from))),
        ..identity::reject(
            Reason::NotYetValid,
            Path::new(file),
            &"not valid yet: verification time 5 (UNIX), 2 seconds in future",
        )
    };
    let told = about("tls.crt", Some(7));
    let again = Rejected {
        detail: "not valid yet: verification time 6 (UNIX), 1 seconds in future".into(),
        ..told.clone()
    };
    assert!(told.repeats(&again));
    let fault = |detail: &str| identity::reject(Reason::Malformed, Path::new("tls.crt"), &detail);
    assert!(fault("DER").repeats(&fault("DER")));
    assert!(!fault("DER").repeats(&fault("a PKCS #7 bundle")));
    let of_leaf = |leaf: &str| Rejected {
        leaf: Some(leaf.into()),
        ..fault("DER")
    };
    assert!(of_leaf("a1").repeats(&of_leaf("a1")));
    assert!(!of_leaf("a1").repeats(&of_leaf("b2")), "another renewal");
    assert!(of_leaf("a1").repeats(&fault("DER")), "no leaf was seen");
    assert!(!fault("block 3 of 150: HTML").repeats(&fault("block 9 of 150: HTML")));
    for news in [
        about("tls.key", Some(7)),
        about("tls.crt", Some(8)),
        about("tls.crt", None),
    ] {
        assert!(!told.repeats(&news), "{news:?}");
    }
}

#[test]
fn each_generation_is_published() {
    let (_directory, mut agent, source) = started(Strategy::RenameEach);
    let store = IdentityStore::start(source).unwrap();
    let mut published = store.published();
    assert_eq!(*published.borrow_and_update(), 1);
    store.reload();
    assert!(!published.has_changed().unwrap(), "the files are the same");
    agent.rotate().unwrap();
    store.reload();
    assert_eq!(*published.borrow_and_update(), 2);
    store.republish().unwrap();
    assert_eq!(*published.borrow_and_update(), 3);
}
