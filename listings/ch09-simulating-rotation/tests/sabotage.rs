//! Every kind of sabotage, by every writer: the server says what it found, goes on with the last
//! good one, and takes the next good one.

use std::fs;

use ch02_hot_reload::identity::Source;
use ch02_hot_reload::{IdentityStore, Reload};
use ch05_race_conditions::{Options, Reader};
use ch09_simulating_rotation::{Sabotage, Site, Writer};
use lab::agent::Strategy;
use lab::authority::{Authority, KeyKind, LeafRequest};
use lab::emit;
use lab::log::want;
use rustls::SignatureAlgorithm;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

/// What chapter 5's reader makes of it.
fn reason(sabotage: Sabotage) -> &'static str {
    match sabotage {
        Sabotage::Torn | Sabotage::Mismatched => "pair_mismatch",
        Sabotage::Truncated => "truncated",
        Sabotage::Expired => "expired",
        Sabotage::NotYetValid => "not_yet_valid",
        Sabotage::WrongName => "name_lost",
        // Without the intermediate, the chain ends in the air.
        Sabotage::WrongCa | Sabotage::Shrunk => "chain_broken",
        Sabotage::Missing => "missing",
        Sabotage::Unreadable => "unreadable",
        Sabotage::Garbage => "malformed",
    }
}

#[test]
fn every_sabotage_by_every_writer_is_refused_and_mended() {
    let (log, _guard) = emit::capture();
    let mut keys = Vec::new();
    for writer in Writer::ALL {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        let mut site = Site::new(directory.path(), writer);
        site.write_roots(authority.root_pem()).unwrap();
        let mut good = authority.issue(&LeafRequest::new("localhost")).unwrap();
        site.write(&good).unwrap();
        let source = Source::localhost(site.files());
        // The writer has ended: the files rest, however short the pauses between two looks.
        let reader = Reader::new(Options::default()).pausing(|_| ());
        let store = IdentityStore::start_by(reader.loader(), source).unwrap();
        for sabotage in Sabotage::ALL {
            let which = format!("{} by {}", sabotage.name(), writer.name());
            sabotage
                .apply(&mut site, &mut authority, "localhost")
                .unwrap();
            let Reload::Rejected(rejected) = store.reload_and_log() else {
                panic!("{which} was served");
            };
            assert_eq!(
                rejected.reason.name(),
                reason(sabotage),
                "{which}: {rejected}"
            );
            assert_eq!(store.current().identity.facts, good.facts, "{which}");

            good = authority.issue(&LeafRequest::new("localhost")).unwrap();
            site.write(&good).unwrap();
            let reload = store.reload_and_log();
            assert!(
                matches!(reload, Reload::Loaded(_)),
                "{which} was not mended: {reload:?}"
            );
            assert_eq!(store.current().identity.facts, good.facts, "{which}");
            keys.push(good.key.clone());
        }
    }
    let writes = Writer::ALL.len() * Sabotage::ALL.len();
    assert_eq!(log.all(&want("identity_rejected")).len(), writes);
    assert_eq!(log.all(&want("sabotage_started")).len(), writes);
    log.assert_no_key_bytes(&keys);
}

/// The cut is where it hurts: the leaf is whole, and only a reader that asks for whole blocks tells.
#[test]
fn a_truncated_chain_has_its_leaf() {
    let directory = lab::directory().unwrap();
    let mut authority = Authority::new().unwrap();
    let mut site = Site::new(directory.path(), Writer::Bare(Strategy::RenameEach));
    Sabotage::Truncated
        .apply(&mut site, &mut authority, "localhost")
        .unwrap();
    let text = fs::read_to_string(site.files().certificate).unwrap();
    assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 2);
    assert_eq!(text.matches("-----END CERTIFICATE-----").count(), 1);
}

/// Nothing is torn where there is nothing yet.
#[test]
fn what_needs_a_first_write_says_so() {
    for sabotage in [Sabotage::Torn, Sabotage::Missing, Sabotage::Unreadable] {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        let mut site = Site::new(directory.path(), Writer::VaultAgent);
        let error = sabotage
            .apply(&mut site, &mut authority, "localhost")
            .unwrap_err();
        assert!(error.to_string().contains("tls."), "{sabotage:?}: {error}");
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }
}

/// The authority's clock is where it was, also after what was issued in its past.
#[test]
fn sabotage_leaves_the_authority_as_it_was() {
    let directory = lab::directory().unwrap();
    let mut authority = Authority::new().unwrap();
    let before = authority.clock();
    let mut site = Site::new(directory.path(), Writer::Bare(Strategy::Bundle));
    Sabotage::Expired
        .apply(&mut site, &mut authority, "localhost")
        .unwrap();
    assert_eq!(authority.clock(), before);
}

/// A client that takes one kind of key alone must object to the authority, and to nothing else.
#[test]
fn a_stranger_has_keys_of_the_same_kind() {
    for (kind, algorithm) in [
        (KeyKind::EcdsaP256, SignatureAlgorithm::ECDSA),
        (KeyKind::Ed25519, SignatureAlgorithm::ED25519),
    ] {
        let directory = lab::directory().unwrap();
        let mut authority = Authority::new().unwrap();
        authority.set_key_kind(kind);
        let mut site = Site::new(directory.path(), Writer::VaultAgent);
        Sabotage::WrongCa
            .apply(&mut site, &mut authority, "localhost")
            .unwrap();
        let key = PrivateKeyDer::from_pem_file(site.files().key).unwrap();
        let key = any_supported_type(&key).unwrap();
        assert_eq!(key.algorithm(), algorithm, "{kind:?}");
    }
}

#[test]
fn names_are_those_of_the_command_line() {
    use clap::ValueEnum;
    assert_eq!(Sabotage::value_variants(), Sabotage::ALL);
    for sabotage in Sabotage::ALL {
        let value = sabotage.to_possible_value().unwrap();
        assert_eq!(value.get_name(), sabotage.name());
    }
}
