//! One hundred rotations in each way of writing, under continuous handshakes; for the twin, 25.

use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Files, Strategy};
use lab::rotation::{Report, rotate_under_load};

const ROTATIONS: u64 = 100;
/// The twin's own tests make a hundred, under Go's race detector.
const TWIN_ROTATIONS: u64 = 25;

fn ours() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ch03-handshake-hook"))
}

/// `extra` follows the arguments that name the files.
async fn rotate(
    program: &Path,
    extra: &[&str],
    bound: Duration,
    strategy: Strategy,
    rotations: u64,
) -> Report {
    let arguments = |files: &Files| Serve::command_line_with(files, extra);
    rotate_under_load(program, arguments, bound, strategy, rotations).await
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        mod ours { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use super::*;
                let report = rotate(ours(), &[], BOUND, Strategy::$strategy, ROTATIONS).await;
                assert!(report.handshakes as u64 > ROTATIONS, "{report:?}");
                assert!(report.serials as u64 >= ROTATIONS, "{report:?}");
            }
        )* }
        mod go_twin { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use super::*;
                let Some(twin) = lab_test::peer::go_twin(false) else { return };
                rotate(&twin, &[], BOUND, Strategy::$strategy, TWIN_ROTATIONS).await;
            }
        )* }
    };
}

lab::each_strategy!(strategies);

/// The server and its watcher as they run outside of the tests in Go. A race ends in an event that is
/// none, and in a failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_go_twin_under_its_race_detector() {
    let Some(twin) = lab_test::peer::go_twin(true) else {
        return;
    };
    let each = Strategy::RenameEach;
    rotate(&twin, &[], BOUND, each, TWIN_ROTATIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_events_the_poll_suffices() {
    let polling = ["--poll-only", "--poll-ms", "5"];
    for strategy in Strategy::ALL {
        rotate(ours(), &polling, BOUND, strategy, 10).await;
    }
}

/// The events do their part: a poll once an hour would not get through one rotation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_poll_the_events_suffice() {
    let events = ["--poll-ms", "3600000"];
    for strategy in Strategy::ALL {
        rotate(ours(), &events, BOUND, strategy, 10).await;
    }
}

/// The suite must fail where reloading does not happen, or it proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    let bound = Duration::from_secs(2);
    rotate(ours(), &["--hook", "frozen"], bound, Strategy::Bundle, 1).await;
}
