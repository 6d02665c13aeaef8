//! Each command of the page for the night runs, against a server that has the fault.

use std::fs::{self, Permissions as Mode};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use lab::BOUND;
use lab::event::Event;
use lab_test::peer;
use tempfile::TempDir;

use crate::programs::Running;

const NAME: &str = "www.example.test";

/// A server, its files, and the variables that the page has a reader set.
struct Night {
    folder: TempDir,
    zdr: PathBuf,
    _server: Running,
    events: Receiver<Event>,
    address: String,
}

impl Night {
    /// An authority of one's own, a certificate by it, and a server that follows it. `None` where what it
    /// takes is not there.
    fn begin() -> Option<Self> {
        peer::find("openssl")?;
        let zdr = peer::built("zdr")?;
        let folder = lab::directory().unwrap();
        for name in ["ca", "other"] {
            let made = Command::new(&zdr)
                .arg("ca")
                .arg(folder.path().join(name))
                .args(["--name", name])
                .output();
            assert!(made.unwrap().status.success());
        }
        issue(&zdr, folder.path(), "ca", &["--name", NAME]);
        trusted_by_this_host(folder.path());
        let tls = folder.path().join("tls");
        let path = |name: &str| tls.join(name);
        // The clients' roots are a file of their own.
        fs::copy(path("ca.crt"), folder.path().join("roots.pem")).unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_recipe-hyper"))
            .args([
                path("tls.crt"),
                path("tls.key"),
                folder.path().join("roots.pem"),
            ])
            .args([NAME, "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let (sender, events) = channel();
        thread::spawn(move || {
            for event in lines
                .map_while(Result::ok)
                .filter_map(|line| Event::parse(&line))
            {
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        let mut night = Self {
            folder,
            zdr,
            _server: Running(server),
            events,
            address: String::new(),
        };
        // The thread that looks logs the one, and the program the other.
        let mut loaded = false;
        while !loaded || night.address.is_empty() {
            let event = night.events.recv_timeout(BOUND).unwrap();
            loaded |= event.name() == "identity_loaded";
            if let Some(port) = event.number("port") {
                night.address = format!("127.0.0.1:{port}");
            }
        }
        Some(night)
    }

    /// The next event of this name.
    #[track_caller]
    fn logged(&self, name: &str) -> Event {
        loop {
            let event = self.events.recv_timeout(BOUND);
            let event = event.unwrap_or_else(|_| panic!("no {name} within {BOUND:?}"));
            if event.name() == name {
                return event;
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, script: &str) -> Command {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("night");
        let mut command = Command::new("sh");
        let paths = std::env::var("PATH").unwrap_or_default();
        let beside = self.zdr.parent().unwrap().display();
        command
            .arg(scripts.join(format!("{script}.sh")))
            .env("PATH", format!("{beside}:{paths}"))
            .env("SSL_CERT_DIR", self.path("host"))
            .env("name", NAME)
            .env("address", &self.address)
            .env("roots", self.path("roots.pem"))
            .env("folder", self.path("tls"))
            .env("before", self.path("before"))
            .env("ca", self.path("ca"))
            .env("new_root", self.path("other/root.crt"));
        command
    }

    /// Runs a command of the page.
    fn run(&self, script: &str) -> Output {
        self.command(script).output().unwrap()
    }

    /// The same, which has to succeed. What it printed.
    #[track_caller]
    fn says(&self, script: &str) -> String {
        let output = self.run(script);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {said}{error}");
        said
    }

    /// The same, which has to fail. What it said.
    #[track_caller]
    fn objects(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(!output.status.success(), "{script} succeeded");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.path(name)).unwrap();
        metadata.permissions().mode() & 0o777
    }

    /// The agent keeps the last good pair.
    fn keep(&self) {
        fs::create_dir_all(self.path("before")).unwrap();
        for name in ["tls.crt", "tls.key"] {
            fs::copy(self.path("tls").join(name), self.path("before").join(name)).unwrap();
        }
    }
}

/// The host that someone is logged in to trusts the other authority, as OpenSSL looks roots up: by a hash of the name.
/// Clients need not.
fn trusted_by_this_host(folder: &Path) {
    let root = folder.join("other/root.crt");
    let hash = Command::new("openssl")
        .args(["x509", "-noout", "-hash", "-in"])
        .arg(&root)
        .output()
        .unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let host = folder.join("host");
    fs::create_dir(&host).unwrap();
    fs::copy(root, host.join(format!("{}.0", hash.trim()))).unwrap();
}

fn issue(zdr: &Path, folder: &Path, ca: &str, more: &[&str]) {
    let mut command = Command::new(zdr);
    command.arg("issue").arg("--ca").arg(folder.join(ca));
    let issued = command
        .arg("--to")
        .arg(folder.join("tls"))
        .args(more)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&issued.stderr);
    assert!(issued.status.success(), "{said}");
}

fn serial(said: &str) -> String {
    let line = said.lines().find(|line| line.starts_with("serial="));
    line.unwrap_or_else(|| panic!("no serial in {said}"))
        .to_owned()
}

#[test]
fn all_is_well() {
    let Some(night) = Night::begin() else { return };
    let (served, files) = (night.says("served"), night.says("files"));
    assert_eq!(serial(&served), serial(&files));
    assert!(served.contains(&format!("DNS:{NAME}")), "{served}");
    assert!(night.says("judge").ends_with("OK\n"));
    let pair = night.says("pair");
    let hashes: Vec<_> = pair.lines().collect();
    assert_eq!((hashes.len(), hashes[0]), (2, hashes[1]));
    assert!(night.says("left").contains("will not expire"));
    let chain = night.says("chain");
    assert_eq!(chain.matches("s:").count(), 2, "{chain}");
}

#[test]
fn the_name_is_wrong_and_the_pair_of_before_is_put_back() {
    let Some(night) = Night::begin() else { return };
    night.keep();
    let good = serial(&night.says("served"));
    issue(
        &night.zdr,
        night.folder.path(),
        "ca",
        &["--name", "other.example.test"],
    );
    let rejected = night.logged("identity_rejected");
    assert_eq!(rejected.text("reason").as_deref(), Some("name_lost"));
    assert_eq!(serial(&night.says("served")), good);
    assert_ne!(serial(&night.says("files")), good);
    assert!(night.objects("judge").contains("mismatch"));
    // The server's user reads the files, and root alone the kept ones.
    let mode = |file: &str, mode| fs::set_permissions(night.path(file), Mode::from_mode(mode));
    mode("tls/tls.key", 0o640).unwrap();
    mode("tls/tls.crt", 0o644).unwrap();
    mode("before/tls.key", 0o600).unwrap();
    mode("before/tls.crt", 0o600).unwrap();
    night.says("back");
    assert_eq!(serial(&night.says("files")), good);
    assert!(night.says("judge").ends_with("OK\n"));
    assert_eq!(night.mode("tls/tls.key"), 0o640);
    assert_eq!(night.mode("tls/tls.crt"), 0o644);
}

#[test]
fn a_pair_that_was_not_kept_leaves_the_files_as_they_are() {
    let Some(night) = Night::begin() else { return };
    let good = serial(&night.says("files"));
    night.keep();
    fs::remove_file(night.path("before/tls.key")).unwrap();
    night.objects("back");
    assert_eq!(serial(&night.says("files")), good);
    assert!(night.says("judge").ends_with("OK\n"));
    let pair = night.says("pair");
    assert_eq!(pair.lines().next(), pair.lines().nth(1));
}

#[test]
fn a_server_that_is_down_shows_no_certificate() {
    let Some(mut night) = Night::begin() else {
        return;
    };
    let port = lab::RefusingPort::hold().unwrap();
    night.address = port.address().to_string();
    assert!(!night.objects("served").contains("serial="));
}

#[test]
fn the_key_of_another_generation_is_told_by_its_hash() {
    let Some(night) = Night::begin() else { return };
    night.keep();
    night.says("renew");
    night.logged("identity_loaded");
    fs::copy(night.path("before/tls.key"), night.path("tls/tls.key")).unwrap();
    let pair = night.says("pair");
    let hashes: Vec<_> = pair.lines().collect();
    assert_ne!(hashes[0], hashes[1]);
    let rejected = night.logged("identity_rejected");
    assert_eq!(rejected.text("reason").as_deref(), Some("pair_mismatch"));
}

#[test]
fn the_key_leaked_and_a_new_one_is_seen_everywhere() {
    let Some(night) = Night::begin() else { return };
    let (before, pair) = (serial(&night.says("served")), night.says("pair"));
    let mut watch = night.command("everywhere");
    let mut watch = watch
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has to have seen the old one: it says so on stderr, or the server would.
    let mut said = BufReader::new(watch.stderr.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    // The server need not run as the user who renews: it has to be able to read the new key as well.
    let mode = |file: &str, mode| fs::set_permissions(night.path(file), Mode::from_mode(mode));
    mode("tls/tls.key", 0o640).unwrap();
    night.says("renew");
    assert_eq!(night.mode("tls/tls.key"), 0o640);
    night.logged("identity_loaded");
    assert_ne!(serial(&night.says("served")), before);
    assert_ne!(night.says("pair"), pair, "the key is new");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    let watched = watch.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&watched.stdout).into_owned();
    assert_eq!(watched.status.code(), Some(0), "{first}{rest}{told}");
}

#[test]
fn it_has_expired_and_is_renewed() {
    let Some(night) = Night::begin() else { return };
    // Half an hour is less than an hour, and a second is over soon.
    issue(
        &night.zdr,
        night.folder.path(),
        "ca",
        &["--name", NAME, "--lifetime", "30m"],
    );
    night.logged("identity_loaded");
    assert!(night.objects("left").contains("will expire"));
    issue(
        &night.zdr,
        night.folder.path(),
        "ca",
        &["--name", NAME, "--lifetime", "2s"],
    );
    let expired = night.logged("identity_rejected");
    assert_eq!(expired.text("reason").as_deref(), Some("expired"));
    assert!(night.objects("judge").contains("expired"));
    night.says("renew");
    night.logged("identity_loaded");
    assert_eq!(serial(&night.says("served")), serial(&night.says("files")));
    assert!(night.says("judge").ends_with("OK\n"));
}

#[test]
fn the_authority_changed_and_clients_are_given_both() {
    let Some(night) = Night::begin() else { return };
    let before = night.says("chain");
    issue(&night.zdr, night.folder.path(), "other", &["--name", NAME]);
    let rejected = night.logged("identity_rejected");
    assert_eq!(rejected.text("reason").as_deref(), Some("chain_broken"));
    assert!(night.objects("judge").contains("issuer certificate"));
    assert_eq!(night.says("chain"), before);
    // As a system's list: other roots as well, no line break at its end, and every user reads it.
    let (ours, third) = ("roots.pem", lab::authority::Authority::new().unwrap());
    let list = fs::read_to_string(night.path(ours)).unwrap();
    let list = format!("{}{}", third.root_pem(), list.trim_end());
    fs::write(night.path(ours), &list).unwrap();
    fs::set_permissions(night.path(ours), Mode::from_mode(0o644)).unwrap();
    night.says("both");
    let now = fs::read_to_string(night.path(ours)).unwrap();
    assert!(now.starts_with(&list), "no root was lost");
    assert_eq!(now.matches("--BEGIN").count(), 3);
    assert_eq!(night.mode(ours), 0o644);
    night.logged("identity_loaded");
    assert!(night.says("judge").ends_with("OK\n"));
    assert_eq!(serial(&night.says("served")), serial(&night.says("files")));
}

/// Each command on the page is one of those above, and each of those is on the page.
#[test]
fn the_page_shows_what_ran() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../../src/recipes-night.md")).unwrap();
    let tests = include_str!("night.rs");
    for entry in fs::read_dir(here.join("night")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            page.contains(&format!("night/{name}.sh:run")),
            "{name} is not shown"
        );
        let ran = tests.contains(&format!("\"{name}\""));
        // What a reader says once is set as variables above.
        assert!(ran || name == "where", "{name} does not run");
    }
}
