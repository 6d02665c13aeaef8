//! The Python twin's own tests, over identities that the lab issues.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name};

/// A directory for each identity, with the files that a server is configured with.
fn put(directory: &Path, name: &str, root: &str, issued: &Issued) {
    let directory = directory.join(name);
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("ca.crt"), root).unwrap();
    fs::write(directory.join("tls.crt"), &issued.chain_pem).unwrap();
    let mut options = fs::OpenOptions::new();
    let mut key = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(directory.join("tls.key"))
        .unwrap();
    std::io::Write::write_all(&mut key, issued.key.expose().as_bytes()).unwrap();
}

/// A leaf and its root, whose RSA key has 8676 bits: of two primes of Mersenne, since to find others
/// takes long.
fn issued_by_huge() -> [Vec<u8>; 3] {
    let number = |bits| {
        let mut power = BigNum::new().unwrap();
        power.set_bit(bits).unwrap();
        power.sub_word(1).unwrap();
        power
    };
    let less = |prime: &BigNumRef| {
        let mut less = prime.to_owned().unwrap();
        less.sub_word(1).unwrap();
        less
    };
    let mut context = BigNumContext::new().unwrap();
    let (p, q, e) = (number(4423), number(4253), BigNum::from_u32(65537).unwrap());
    let [mut n, mut order, mut d, mut dp, mut dq, mut qi] =
        std::array::from_fn(|_| BigNum::new().unwrap());
    n.checked_mul(&p, &q, &mut context).unwrap();
    order
        .checked_mul(&less(&p), &less(&q), &mut context)
        .unwrap();
    d.mod_inverse(&e, &order, &mut context).unwrap();
    dp.nnmod(&d, &less(&p), &mut context).unwrap();
    dq.nnmod(&d, &less(&q), &mut context).unwrap();
    qi.mod_inverse(&q, &p, &mut context).unwrap();
    let huge = Rsa::from_private_components(n, e, d, p, q, dp, dq, qi).unwrap();
    let huge = PKey::from_rsa(huge).unwrap();
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let own = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let root = certificate("Huge", &huge, &huge);
    let leaf = certificate("leaf", &own, &huge);
    [
        leaf.to_pem().unwrap(),
        own.private_key_to_pem_pkcs8().unwrap(),
        root.to_pem().unwrap(),
    ]
}

/// A certificate that "Huge" has issued.
fn certificate(name: &str, key: &PKeyRef<Private>, issuer: &PKeyRef<Private>) -> X509 {
    let named = |name| {
        let mut builder = X509Name::builder().unwrap();
        builder.append_entry_by_text("CN", name).unwrap();
        builder.build()
    };
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(if name == "leaf" { 2 } else { 1 }).unwrap();
    let serial = serial.to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&named(name)).unwrap();
    builder.set_issuer_name(&named("Huge")).unwrap();
    builder.set_pubkey(key).unwrap();
    let (from, to) = (Asn1Time::days_from_now(0), Asn1Time::days_from_now(1));
    builder.set_not_before(&from.unwrap()).unwrap();
    builder.set_not_after(&to.unwrap()).unwrap();
    let context = builder.x509v3_context(None, None);
    let mut names = SubjectAlternativeName::new();
    let names = names.dns("localhost").build(&context).unwrap();
    builder.append_extension(names).unwrap();
    if name != "leaf" {
        let authority = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(authority).unwrap();
    }
    builder.sign(issuer, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn put_huge(directory: &Path, [chain, key, root]: &[Vec<u8>; 3]) {
    let directory = directory.join("huge");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("tls.crt"), chain).unwrap();
    fs::write(directory.join("tls.key"), key).unwrap();
    fs::write(directory.join("ca.crt"), root).unwrap();
}

fn issue_all(directory: &Path) {
    let mut authority = Authority::new().unwrap();
    let root = authority.root_pem().to_owned();
    let hour = Duration::from_secs(3600);
    let mut issue = |name: &str, change: fn(&mut LeafRequest)| {
        let mut request = LeafRequest::new("localhost");
        request.starts_after = match name {
            "tomorrow" => 24 * hour,
            _ => Duration::ZERO,
        };
        change(&mut request);
        put(directory, name, &root, &authority.issue(&request).unwrap());
    };
    issue("first", |_| ());
    issue("second", |_| ());
    issue("elsewhere", |request| {
        request.names = vec!["elsewhere.example".into()];
    });
    issue("tomorrow", |_| ());
    issue("peer", |_| ());
    put_huge(directory, &issued_by_huge());
    let now = time::OffsetDateTime::now_utc();
    authority.set_clock(now - 2 * hour);
    let request = LeafRequest::new("localhost");
    let expired = authority.issue(&request).unwrap();
    put(directory, "expired", &root, &expired);
    let encrypted = PKey::private_key_from_pem(expired.key.expose().as_bytes())
        .and_then(|key| key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"secret"));
    fs::create_dir(directory.join("encrypted")).unwrap();
    fs::write(directory.join("encrypted/tls.key"), encrypted.unwrap()).unwrap();
    let mut stranger = Authority::new().unwrap();
    fs::create_dir(directory.join("two-roots")).unwrap();
    let both = format!("{root}{}", stranger.root_pem());
    fs::write(directory.join("two-roots/ca.crt"), both).unwrap();
    let request = LeafRequest::new("localhost");
    put(
        directory,
        "stranger",
        &root,
        &stranger.issue(&request).unwrap(),
    );
}

#[test]
fn the_twins_own_tests_pass() {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let directory = lab::directory().unwrap();
    issue_all(directory.path());
    let run = Command::new(python)
        .args([
            "-B", "-W", "error", "-m", "unittest", "discover", "-s", "tests",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/python"))
        .env("LAB_IDENTITIES", directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    // A suite that found no test has passed, too.
    let ran = said.lines().find_map(|line| line.strip_prefix("Ran "));
    let ran = ran.and_then(|line| line.split(' ').next()?.parse::<u32>().ok());
    assert!(ran.is_some_and(|ran| ran >= 35), "{said}");
    assert!(!said.contains("skipped"), "{said}");
    assert!(
        !said.contains("PRIVATE"),
        "a key in the output of the tests"
    );
}
