//! Thirty rotations in each way of writing, under continuous handshakes: the suite of
//! chapter 3, for the OpenSSL server and for the Python twin.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::rotation::{Report, Server};

const ROTATIONS: u64 = 30;
/// The twin is slower, and its suite the same: a third says as much.
const TWIN_ROTATIONS: u64 = 10;
const TWIN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python");

async fn rotate(
    program: &Path,
    before: &[&str],
    extra: &[&str],
    bound: Duration,
    strategy: Strategy,
    rotations: u64,
) -> Report {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), strategy).unwrap();
    let mut arguments: Vec<OsString> = before.iter().map(Into::into).collect();
    arguments.extend(Serve::command_line(&agent.files()));
    arguments.extend(extra.iter().map(Into::into));
    let server = Server {
        program,
        arguments: &arguments,
        bound,
    };
    lab::rotation::rotate_under_load(server, &mut agent, rotations).await
}

async fn ours(extra: &[&str], bound: Duration, strategy: Strategy, rotations: u64) -> Report {
    let program = Path::new(env!("CARGO_BIN_EXE_ch04-dynamic-contexts"));
    rotate(program, &[], extra, bound, strategy, rotations).await
}

async fn twin(extra: &[&str], bound: Duration, strategy: Strategy, rotations: u64) {
    let Some(python) = lab::peer::find("python3") else {
        return;
    };
    let before = ["-B", "-W", "error", TWIN];
    let extra: Vec<_> = ["--poll-ms", "5"].iter().chain(extra).copied().collect();
    rotate(&python, &before, &extra, bound, strategy, rotations).await;
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        const TESTED: &[Strategy] = &[$(Strategy::$strategy),*];
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
                super::twin(&[], BOUND, Strategy::$strategy, TWIN_ROTATIONS).await;
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

const SHORT: Duration = Duration::from_secs(2);

/// The suite must fail where reloading does not happen, or it proves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "for `identity_loaded serial=\"1002\"`, and it did not come")]
async fn a_server_that_does_not_reload_fails() {
    ours(&["--hook", "frozen"], SHORT, Strategy::Bundle, 1).await;
}
