//! The servers of the book that follow what the real thing writes.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::Files;
use lab::child::Child;
use lab::client::{Client, Failure, Options};
use lab::log::want;

pub(crate) const LISTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A server, and a client of it.
pub(crate) struct Served {
    pub(crate) server: Child,
    client: Client,
    address: SocketAddr,
    let_down: AtomicUsize,
}

impl Served {
    pub(crate) async fn start(
        (program, before): (PathBuf, Vec<OsString>),
        files: &Files,
        name: &str,
        extra: &[&str],
    ) -> Self {
        let serve = Serve::command_line_with(files, &[&["--name", name], extra].concat());
        let arguments = before.into_iter().chain(serve);
        let server = Child::spawn(&program, arguments, |_| ()).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.port(BOUND).await));
        let roots = std::fs::read_to_string(&files.roots).unwrap();
        let client = Client::new(&roots, name, Options::default()).unwrap();
        let served = Self {
            server,
            client,
            address,
            let_down: AtomicUsize::new(0),
        };
        served.loaded(1).await;
        served
    }

    /// Waits for a generation, and returns its serial. A new client is shown it, or a later one.
    ///
    /// Leaves of seconds may end before a slow machine comes to call; then the next one counts.
    pub(crate) async fn loaded(&self, generation: u64) -> String {
        let log = self.server.log();
        let loaded = want("identity_loaded").with("generation", generation);
        let serial = log.wait_for(&loaded, BOUND).await.text("serial").unwrap();
        let shown = loop {
            let generations = self.generations() as usize;
            match self.client.probe(self.address).await {
                Ok(seen) => break seen.chain.serial,
                Err(Failure::Handshake(error)) if error.to_string().contains("expired") => {}
                Err(error) => panic!("{error}"),
            }
            self.let_down.fetch_add(1, Ordering::Relaxed);
            let next = want("identity_loaded");
            log.wait_for_nth(&next, generations + 1, BOUND).await;
        };
        let known = log.all(&want("identity_loaded"));
        let known: Vec<_> = known
            .iter()
            .filter_map(|event| event.text("serial"))
            .collect();
        let at = |serial: &String| known.iter().position(|known| known == serial);
        assert!(
            at(&shown) >= at(&serial),
            "{shown} after {serial}: {known:?}"
        );
        serial
    }

    /// No handshake failed but those of clients who came too late for their leaf.
    pub(crate) fn nobody_else_was_let_down(&self) {
        let failed = self.server.log().all(&want("handshake_failed"));
        let let_down = self.let_down.load(Ordering::Relaxed);
        assert!(failed.len() <= let_down, "{let_down}: {failed:?}");
        self.server.log().assert_none(&want("stray_line"));
    }

    /// How many generations there were.
    pub(crate) fn generations(&self) -> u64 {
        self.server.log().all(&want("identity_loaded")).len() as u64
    }
}

/// Chapter 5's server.
pub(crate) fn ours() -> (PathBuf, Vec<OsString>) {
    let program = Path::new(env!("CARGO_BIN_EXE_ch09-simulating-rotation"));
    (program.to_owned(), Vec::new())
}

/// The Go twin, built as chapter 3's tests build it, so that the build is found again.
pub(crate) fn go(directory: &Path) -> Option<(PathBuf, Vec<OsString>)> {
    let go = lab_test::peer::find("go")?;
    let program = directory.join("twin");
    let building = Command::new(go)
        .args(["build", "-race", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(Path::new(LISTINGS).join("ch03-handshake-hook/go"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&building.stderr).into_owned();
    assert!(building.status.success(), "go build: {said}");
    Some((program, Vec::new()))
}

/// The Python twin.
pub(crate) fn python() -> Option<(PathBuf, Vec<OsString>)> {
    let python = lab_test::peer::find("python3")?;
    let twin = Path::new(LISTINGS).join("ch04-dynamic-contexts/python");
    Some((python, vec!["-B".into(), twin.into()]))
}
