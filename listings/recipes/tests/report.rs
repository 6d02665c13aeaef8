//! The hook logs the contract's events, and its figures are those that chapter 7's alert rules ask for.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use ch07_graceful_degradation::alerts::{Condition, RULES};
use lab::agent::{Agent, Strategy};
use recipes::report::{Figures, hook};
use recipes::rotating::{Files, Hook, Look};
use rustls::Error;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

fn files(folder: &str) -> Files {
    ["tls.crt", "tls.key", "ca.crt"].map(|name| PathBuf::from(folder).join(name))
}

fn loaded() -> Look {
    let folder = lab::directory().unwrap();
    let agent = Agent::started(folder.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let chain = CertificateDer::pem_file_iter(files.certificate).unwrap();
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Look::Loaded(Arc::new(
        CertifiedKey::from_der(chain, key, &provider).unwrap(),
    ))
}

fn hooked() -> (Hook, Arc<Figures>) {
    hook(&files("/tls"))
}

/// The value of a figure.
fn value(figures: &Figures, name: &str) -> i64 {
    let text = figures.to_string();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.parse().unwrap()
}

#[test]
fn the_figures_are_those_that_the_rules_ask_for() {
    let (hook, figures) = hooked();
    hook(&loaded());
    let text = figures.to_string();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let have: BTreeSet<_> = lines
        .filter_map(|line| line.split([' ', '{']).next())
        .collect();
    let fed = RULES.iter().filter(|rule| match rule.when {
        Condition::Above(name, _) | Condition::Below(name, _) => have.contains(name),
        Condition::Over(one, other) | Condition::Within(one, other) => {
            have.contains(one) && have.contains(other)
        }
        Condition::Grew(..) | Condition::ShareRose(..) => false,
    });
    let fed: Vec<_> = fed.map(|rule| rule.alert).collect();
    let five = [
        "IdentityLate",
        "IdentityUrgent",
        "IdentityExpired",
        "IdentityRejected",
        "WatcherStuck",
    ];
    assert_eq!(fed, five);
}

#[test]
fn the_figures_say_what_came_of_the_looks() {
    let (hook, figures) = hooked();
    assert_eq!(value(&figures, "identity_generation"), 0);
    hook(&loaded());
    assert_eq!(value(&figures, "identity_generation"), 1);
    // The lab's leaves last for an hour.
    let left = value(&figures, "identity_seconds_left");
    assert!((3500..=3600).contains(&left), "{left}");
    assert_eq!(value(&figures, "identity_late_seconds"), 900);
    assert_eq!(value(&figures, "identity_urgent_seconds"), 450);

    let missing = Error::General("/tls/tls.key: No such file or directory (os error 2)".into());
    for _ in 0..2 {
        hook(&Look::Rejected(missing.clone()));
    }
    let count = |reason| {
        value(
            &figures,
            &format!("identity_rejections_total{{reason=\"{reason}\"}}"),
        )
    };
    assert_eq!((count("missing"), count("expired")), (2, 0));
}
