//! The Python twin's own tests, over identities that the lab issues.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lab::authority::{Authority, Issued, LeafRequest};
use openssl::pkey::PKey;
use openssl::symm::Cipher;

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
