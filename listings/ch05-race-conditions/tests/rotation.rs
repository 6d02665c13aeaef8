//! One hundred rotations in each way of writing, with this reader: the suite of chapter 3.

use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Files, Strategy};
use lab::rotation::{Report, rotate_under_load};

const ROTATIONS: u64 = 100;

async fn rotate(extra: &[&str], bound: Duration, strategy: Strategy, rotations: u64) -> Report {
    let program = Path::new(env!("CARGO_BIN_EXE_ch05-race-conditions"));
    let arguments = |files: &Files| Serve::command_line_with(files, extra);
    rotate_under_load(program, arguments, bound, strategy, rotations).await
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let report = rotate(&[], BOUND, Strategy::$strategy, ROTATIONS).await;
                assert!(report.serials as u64 >= ROTATIONS, "{report:?}");
            }
        )*
    };
}

lab::each_strategy!(strategies);

/// As where another host writes, or a layer beneath an overlay is changed: nothing ever fires.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_events_at_all() {
    let polling = ["--poll-only", "--poll-ms", "5"];
    rotate(&polling, BOUND, Strategy::InPlace, ROTATIONS).await;
}

/// The suite must fail where reloading does not happen, or it proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    rotate(&["--frozen"], Duration::from_secs(2), Strategy::Bundle, 1).await;
}
