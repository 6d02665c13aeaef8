//! One hundred rotations in each way of writing, under continuous handshakes.

mod suite;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use lab::agent::Strategy;
use suite::{Server, rotate_under_load};

const ROTATIONS: u64 = 100;

fn ours() -> Server<'static> {
    Server {
        program: Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook")),
        extra: &[],
        bound: lab::BOUND,
    }
}

/// Builds the Go twin under Go's race detector, once for all tests of this program.
fn go_twin() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let go = lab::peer::find("go")?;
        let directory = lab::directory().unwrap();
        let program = directory.path().join("twin");
        let building = Command::new(go)
            .args(["build", "-race", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/go"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&building.stderr).into_owned();
        assert!(building.status.success(), "go build: {said}");
        Some((directory, program))
    });
    built.as_ref().map(|(_, program)| program.clone())
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        const TESTED: &[Strategy] = &[$(Strategy::$strategy),*];
        mod ours { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use super::*;
                let report = rotate_under_load(ours(), Strategy::$strategy, ROTATIONS).await;
                assert!(report.handshakes as u64 > ROTATIONS, "{report:?}");
                assert!(report.serials as u64 >= ROTATIONS, "{report:?}");
            }
        )* }
        mod go_twin { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use super::*;
                let Some(twin) = go_twin() else { return };
                let server = Server { program: &twin, ..ours() };
                rotate_under_load(server, Strategy::$strategy, ROTATIONS).await;
            }
        )* }
    };
}

strategies! {
    rename_each: RenameEach,
    bundle: Bundle,
    symlink: Symlink,
    in_place: InPlace,
    remove_create: RemoveCreate,
    key_first: KeyFirst,
    certificate_first: CertificateFirst,
}

#[test]
fn no_strategy_is_left_out() {
    assert_eq!(TESTED, Strategy::ALL);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_events_the_poll_suffices() {
    let polling = Server {
        extra: &["--poll-only", "--poll-ms", "5"],
        ..ours()
    };
    for strategy in Strategy::ALL {
        rotate_under_load(polling, strategy, 10).await;
    }
}

/// The events do their part: a poll once an hour would not get through one rotation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_poll_the_events_suffice() {
    let events = Server {
        extra: &["--poll-ms", "3600000"],
        ..ours()
    };
    for strategy in Strategy::ALL {
        rotate_under_load(events, strategy, 10).await;
    }
}

/// The suite must fail where reloading does not happen, or it proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    let frozen = Server {
        extra: &["--hook", "frozen"],
        bound: Duration::from_secs(2),
        ..ours()
    };
    rotate_under_load(frozen, Strategy::Bundle, 1).await;
}
