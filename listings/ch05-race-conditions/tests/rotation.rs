//! One hundred rotations in each way of writing, with this reader: the suite of chapter 3.

use std::path::Path;
use std::time::Duration;

use ch02_hot_reload::arguments::Serve;
use lab::BOUND;
use lab::agent::{Agent, Strategy};
use lab::rotation::{Report, Server, rotate_under_load};

const ROTATIONS: u64 = 100;

async fn rotate(extra: &[&str], bound: Duration, strategy: Strategy, rotations: u64) -> Report {
    let directory = lab::directory().unwrap();
    let mut agent = Agent::new(directory.path(), strategy).unwrap();
    let mut arguments = Serve::command_line(&agent.files()).to_vec();
    arguments.extend(extra.iter().map(Into::into));
    let server = Server {
        program: Path::new(env!("CARGO_BIN_EXE_ch05-race-conditions")),
        arguments: &arguments,
        bound,
    };
    rotate_under_load(server, &mut agent, rotations).await
}

macro_rules! strategies {
    ($($name:ident: $strategy:ident),* $(,)?) => {
        const TESTED: &[Strategy] = &[$(Strategy::$strategy),*];
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let report = rotate(&[], BOUND, Strategy::$strategy, ROTATIONS).await;
                assert!(report.serials as u64 >= ROTATIONS, "{report:?}");
            }
        )*
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

/// As on NFS, on overlayfs and under gVisor: nothing ever fires.
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
