//! Twenty rotations in each way of writing, under continuous handshakes: the suite of
//! chapter 3, for the OpenSSL server and for the Python twin.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Files, Strategy};
use lab::rotation::{Report, rotate_under_load};

const ROTATIONS: u64 = 20;
/// The twin is slower, and its suite the same: a quarter says as much.
const TWIN_ROTATIONS: u64 = 5;
const TWIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

async fn ours(extra: &[&str], bound: Duration, strategy: Strategy, rotations: u64) -> Report {
    let program = Path::new(env!("CARGO_BIN_EXE_ch04-dynamic-contexts"));
    let arguments = |files: &Files| Serve::command_line_with(files, extra);
    rotate_under_load(program, arguments, bound, strategy, rotations).await
}

async fn twin(strategy: Strategy, rotations: u64) {
    let Some(python) = lab_test::peer::find("python3") else {
        return;
    };
    let arguments = |files: &Files| {
        let before = ["-B", "-W", "error", TWIN].map(OsString::from);
        let serve = Serve::command_line_with(files, &["--poll-ms", "5"]);
        before.into_iter().chain(serve).collect()
    };
    rotate_under_load(&python, arguments, BOUND, strategy, rotations).await;
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        mod ours { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use super::*;
                let report = super::ours(&[], BOUND, Strategy::$strategy, ROTATIONS).await;
                assert!(report.handshakes as u64 > ROTATIONS, "{report:?}");
                assert!(report.serials as u64 >= ROTATIONS, "{report:?}");
            }
        )* }
        mod python_twin { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                use super::*;
                super::twin(Strategy::$strategy, TWIN_ROTATIONS).await;
            }
        )* }
    };
}

lab::each_strategy!(strategies);

const SHORT: Duration = Duration::from_secs(2);

/// The suite must fail where reloading does not happen, or it proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    ours(&["--hook", "frozen"], SHORT, Strategy::Bundle, 1).await;
}
