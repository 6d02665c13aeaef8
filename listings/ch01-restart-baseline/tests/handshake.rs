//! A client that says nothing does not hold a connection forever: the clock is virtual. And what is logged of
//! a handshake that is done.

use std::future::pending;
use std::io;

use ch01_restart_baseline::{HANDSHAKE_BOUND, handshake, how, load_once};
use lab::agent::{Agent, Strategy};
use lab::client::{Options, config};
use lab::log::want;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_given_up() {
    let (log, _capturing) = lab::emit::capture();
    let started = Instant::now();
    let silent = handshake(pending::<io::Result<()>>());
    let outcome = timeout(HANDSHAKE_BOUND * 2, silent).await;
    assert!(outcome.expect("it has a bound").is_none());
    assert_eq!(started.elapsed(), HANDSHAKE_BOUND);
    log.assert_order(&[want("handshake_failed").with("why", "the client took too long")]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_handshake_is_logged_with_its_reason() {
    let (log, _capturing) = lab::emit::capture();
    let failing = async { Err::<(), _>(io::Error::other("no shared cipher")) };
    assert!(handshake(failing).await.is_none());
    log.assert_order(&[want("handshake_failed").with("why", "no shared cipher")]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_in_time_is_served() {
    let (log, _capturing) = lab::emit::capture();
    assert_eq!(handshake(async { Ok(7) }).await, Some(7));
    log.assert_none(&want("handshake_failed"));
}

#[test]
fn the_log_has_the_version_and_whether_it_was_resumed() {
    let directory = lab::directory().unwrap();
    let agent = Agent::started(directory.path(), Strategy::RenameEach).unwrap();
    let files = agent.files();
    let server = load_once(&files.certificate, &files.key, 1).unwrap();
    for (tls12_only, tls) in [(true, "1.2"), (false, "1.3")] {
        let options = Options {
            resume: true,
            tls12_only,
            ..Options::default()
        };
        let client = config(agent.root_pem(), options).unwrap();
        for resumed in [false, true] {
            let (session, _) = lab::memory::handshake(&server, &client).unwrap();
            assert_eq!(how(&session), (resumed, tls));
        }
    }
}
