//! Whatever stands in a file: no panic, no key in an error, and nothing lost in silence.
//!
//! Inputs are the files of `corpus/`, changed at random. They hold no key: `@KEY@` and the like
//! stand for what is made at run time. A run of the suite tries a few thousand inputs. For a long
//! run, `PROPTEST_CASES=10000000 cargo test -p ch05-race-conditions --test fuzz`. An input that
//! fails is made small, and its seed is kept in `corpus/regressions.txt` and tried first ever
//! after.

use std::fs;
use std::path::Path;

use ch02_hot_reload::identity::{Contents, Peers, Source, validate};
use ch05_race_conditions::pem::whole;
use lab::agent::Files;
use lab::authority::{Authority, Issued, LeafRequest};
use openssl::pkey::PKey;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::{PemObject, SectionKind};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
const CASES: u32 = 4_000;

/// What is likely to matter, beside single bytes.
const WORDS: [&str; 12] = [
    "-----",
    "-----BEGIN ",
    "-----END ",
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "PRIVATE KEY",
    "EC PARAMETERS",
    "\n",
    "\r\n",
    "=",
    "\0",
    "\u{feff}",
];

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Cut(Index),
    Behead(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
    Insert(Index, &'static str),
    /// From here on, another file of the corpus.
    Splice(Index, Index),
}

impl Change {
    fn apply(&self, mut bytes: Vec<u8>, corpus: &[Vec<u8>]) -> Vec<u8> {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Set(index, byte) => {
                let at = at(index);
                if let Some(there) = bytes.get_mut(at) {
                    *there = *byte;
                }
            }
            Self::Cut(index) => bytes.truncate(at(index)),
            Self::Behead(index) => drop(bytes.drain(..at(index))),
            Self::Remove(index, size) => {
                let from = at(index);
                drop(bytes.drain(from..(from + size).min(bytes.len())));
            }
            Self::Repeat(index, size) => {
                let from = at(index);
                let to = (from + size).min(bytes.len());
                bytes.extend_from_within(from..to);
            }
            Self::Insert(index, word) => {
                let at = at(index);
                drop(bytes.splice(at..at, word.bytes()));
            }
            Self::Splice(index, other) => {
                bytes.truncate(at(index));
                let other = other.get(corpus);
                bytes.extend_from_slice(&other[index.index(other.len() + 1)..]);
            }
        }
        bytes
    }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        index().prop_map(Change::Cut),
        index().prop_map(Change::Behead),
        (index(), 1..200usize).prop_map(|(at, size)| Change::Remove(at, size)),
        (index(), 1..900usize).prop_map(|(at, size)| Change::Repeat(at, size)),
        (index(), proptest::sample::select(&WORDS[..]))
            .prop_map(|(at, word)| Change::Insert(at, word)),
        (index(), index()).prop_map(|(at, other)| Change::Splice(at, other)),
    ]
}

fn corpus(issued: &Issued) -> Vec<Vec<u8>> {
    let key = issued.key.expose();
    let ec = PKey::private_key_from_pem(key.as_bytes()).unwrap();
    let sec1 = ec.ec_key().unwrap().private_key_to_pem().unwrap();
    let sec1 = String::from_utf8(sec1).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let leaf = issued.chain_pem.find(end).unwrap() + end.len();
    let (leaf, intermediate) = issued.chain_pem.split_at(leaf);
    let mut paths: Vec<_> = fs::read_dir(CORPUS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .collect();
    paths.sort();
    let filled = paths.iter().map(|path| {
        let text = fs::read_to_string(path).unwrap();
        let text = text
            .replace("@LEAF@", leaf)
            .replace("@INTERMEDIATE@", intermediate);
        text.replace("@KEY@", key)
            .replace("@SEC1@", &sec1)
            .into_bytes()
    });
    filled.collect()
}

/// What is asked of every input.
fn holds(
    bytes: &[u8],
    source: &Source,
    roots: &str,
    secrets: &[&str],
) -> Result<(), TestCaseError> {
    let said = match whole(bytes, &source.files.certificate) {
        Err(rejected) => rejected.to_string(),
        Ok(()) => {
            // Nothing is lost in silence: the parser finds as many blocks as begin.
            let count = |text: &[u8]| {
                bytes
                    .windows(text.len())
                    .filter(|part| *part == text)
                    .count()
            };
            // The parser passes over parameters.
            let parameters =
                ["EC", "DH"].map(|kind| count(format!("-----BEGIN {kind} PARAMETERS").as_bytes()));
            let begins = count(b"-----BEGIN") - parameters.iter().sum::<usize>();
            let found = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes);
            let found = found.filter(Result::is_ok).count();
            let failed =
                <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).any(|found| found.is_err());
            prop_assert!(failed || found == begins, "{found} of {begins} blocks");
            let contents = Contents {
                certificate: bytes.to_vec(),
                key: bytes.to_vec(),
                roots: roots.as_bytes().to_vec(),
            };
            match validate(source, &contents, Peers::Clients, UnixTime::now()) {
                Ok(identity) => format!("{identity:?}"),
                Err(rejected) => rejected.to_string(),
            }
        }
    };
    let leaks = secrets.iter().any(|secret| said.contains(secret));
    prop_assert!(!leaks, "a line of the key is said");
    Ok(())
}

#[test]
fn whatever_stands_in_a_file() {
    let mut authority = Authority::new().unwrap();
    let issued = authority.issue(&LeafRequest::new("localhost")).unwrap();
    let corpus = corpus(&issued);
    assert!(corpus.len() > 10, "the corpus is gone");
    let path = Path::new("tls.pem").to_owned();
    let source = Source::localhost(Files {
        certificate: path.clone(),
        key: path,
        roots: "ca.crt".into(),
    });
    let lines = issued.key.expose().lines();
    let secrets: Vec<_> = lines.filter(|line| !line.starts_with('-')).collect();

    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/regressions.txt");
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(kept)));
    let inputs = (any::<Index>(), prop::collection::vec(change(), 0..6));
    let outcome = TestRunner::new(config).run(&inputs, |(seed, changes)| {
        let seed = seed.get(&corpus).clone();
        let bytes = changes
            .iter()
            .fold(seed, |bytes, change| change.apply(bytes, &corpus));
        holds(&bytes, &source, authority.root_pem(), &secrets)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
