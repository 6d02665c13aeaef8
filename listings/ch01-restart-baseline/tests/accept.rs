//! No descriptor is left for another client. A program of its own: limits are the process's.

use ch01_restart_baseline::{accept, listen};
use lab::BOUND;
use lab::log::want;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test]
async fn a_client_that_cannot_be_accepted_waits_and_no_handshake_is_blamed() {
    let (log, _capturing) = lab::emit::capture();
    let listener = listen(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let _client = TcpStream::connect(address).await.unwrap();
    let before = getrlimit(Resource::Nofile);
    let none = Rlimit {
        current: Some(0),
        ..before
    };
    setrlimit(Resource::Nofile, none).unwrap();
    let accepting = tokio::spawn(async move { accept(&listener).await });
    log.wait_for(&want("accept_failed"), BOUND).await;
    setrlimit(Resource::Nofile, before).unwrap();
    timeout(BOUND, accepting).await.unwrap().unwrap();
    log.assert_none(&want("handshake_failed"));
}
