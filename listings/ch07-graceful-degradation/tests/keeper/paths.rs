//! Of several paths that peers can take, the one that lasts longest is what counts.

use std::fs;

use ch02_hot_reload::identity::Source;
use ch07_graceful_degradation::Keeper;
use ch07_graceful_degradation::clock::Virtual;
use lab::agent::Files;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, SerialNumber,
};
use time::OffsetDateTime;

use super::scene::{DAY, beginning, polling};

const HOUR: i64 = 3600;

/// What is signed from a day before the beginning until so many hours after it.
fn lasting(hours: i64, name: &str) -> CertificateParams {
    let begins = i64::try_from(beginning().as_secs()).unwrap();
    let begins = OffsetDateTime::from_unix_timestamp(begins).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (begins - DAY, begins + time::Duration::hours(hours));
    params
}

fn authority(hours: i64, name: &str) -> CertificateParams {
    let mut params = lasting(hours, name);
    params.subject_alt_names.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// How long a keeper says that this chain and key have left by these roots, in hours.
fn hours_left(chain: &[&Certificate], key: &KeyPair, roots: &[&Certificate]) -> i64 {
    let directory = lab::directory().unwrap();
    let [certificate, private, anchors] =
        ["tls.crt", "tls.key", "ca.crt"].map(|name| directory.path().join(name));
    let pem = |all: &[&Certificate]| all.iter().map(|one| one.pem()).collect::<String>();
    fs::write(&certificate, pem(chain)).unwrap();
    fs::write(&private, key.serialize_pem()).unwrap();
    fs::write(&anchors, pem(roots)).unwrap();
    let source = Source::localhost(Files {
        certificate,
        key: private,
        roots: anchors,
    });
    let clock = Virtual::starting_at(beginning());
    let keeper = Keeper::start(source, clock, polling()).unwrap();
    keeper.seconds_left().unwrap() / HOUR
}

/// A root that was renewed with its key is there twice, in any order.
#[tokio::test(start_paused = true)]
async fn of_two_roots_that_it_leads_to_the_one_that_lasts_counts() {
    let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let [short, long] =
        [10, 100].map(|hours| authority(hours, "Root").self_signed(&root_key).unwrap());
    let issuer = Issuer::new(authority(100, "Root"), &root_key);
    let leaf = lasting(1000, "localhost").signed_by(&key, &issuer).unwrap();
    for roots in [[&short, &long], [&long, &short]] {
        assert_eq!(hours_left(&[&leaf], &key, &roots), 100);
    }
    assert_eq!(hours_left(&[&leaf], &key, &[&short]), 10);
}

/// So is an intermediate, where its authority sends the old one along.
#[tokio::test(start_paused = true)]
async fn of_two_intermediates_that_serve_the_one_that_lasts_counts() {
    let [root_key, between, key] = [(); 3].map(|()| KeyPair::generate().unwrap());
    let root = authority(1000, "Root").self_signed(&root_key).unwrap();
    let issuer = Issuer::new(authority(1000, "Root"), &root_key);
    let [short, long] = [10, 100].map(|hours| {
        let mut params = authority(hours, "Intermediate");
        // An authority gives each number once.
        params.serial_number = Some(SerialNumber::from(hours.unsigned_abs()));
        params.signed_by(&between, &issuer).unwrap()
    });
    let issuer = Issuer::new(authority(100, "Intermediate"), &between);
    let leaf = lasting(1000, "localhost").signed_by(&key, &issuer).unwrap();
    for chain in [[&leaf, &short, &long], [&leaf, &long, &short]] {
        assert_eq!(hours_left(&chain, &key, &[&root]), 100);
    }
    assert_eq!(hours_left(&[&leaf, &short], &key, &[&root]), 10);
}
