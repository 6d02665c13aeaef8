//! The end of the budget, under each policy, as clients see it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::listen;
use ch07_graceful_degradation::clock::still;
use ch07_graceful_degradation::policy::{AtTheEnd, serve};
use lab::BOUND;
use lab::agent::Strategy;
use lab::client::{self, Client, Failure, Options};
use lab::log::want;
use tokio::time::sleep;

use super::scene::{DAY, HOUR, Scene};

fn client(scene: &Scene, options: Options) -> Client {
    let mut config = client::config(scene.agent.root_pem(), options).unwrap();
    Arc::make_mut(&mut config).time_provider = scene.clock.clone();
    Client::with_config(config, "localhost").unwrap()
}

pub async fn server(scene: &Scene, policy: AtTheEnd) -> SocketAddr {
    let listener = listen(lab::any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, scene.keeper.clone(), policy));
    address
}

/// Runs into the end under a policy, checks what new clients see, that an open connection goes on,
/// and that a new identity mends everything.
async fn ends(policy: AtTheEnd, seen: impl FnOnce(&Failure) -> bool) {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let address = server(&scene, policy).await;
    let client = client(&scene, Options::default());
    let mut open = still(client.connect(address)).await.unwrap();
    still(open.pull(1000)).await.unwrap();

    let expired = want("identity_expiring").with("level", "expired");
    scene.log.wait_for(&expired, 2 * DAY).await;
    if policy == AtTheEnd::StopListening {
        let stopped = want("listening_stopped").with("port", address.port());
        scene.log.wait_for(&stopped, HOUR).await;
    }
    let error = still(client.probe(address)).await.unwrap_err();
    assert!(seen(&error), "{policy:?}: {error}");
    still(open.pull(1000)).await.unwrap();

    sleep(DAY).await;
    let next = scene.rotate();
    scene.loads(&next).await;
    scene.log.wait_for(&want("alarm_cleared"), HOUR).await;
    if policy == AtTheEnd::StopListening {
        let again = want("listening").with("port", address.port());
        scene.log.wait_for_nth(&again, 2, HOUR).await;
    }
    let shown = still(client.probe(address)).await.unwrap();
    assert_eq!(shown.chain, next.facts);
    still(open.pull(1000)).await.unwrap();
    still(open.close()).await;
}

#[tokio::test(start_paused = true)]
async fn serving_on_leaves_it_to_the_client() {
    ends(AtTheEnd::ServeOn, |error| {
        matches!(error, Failure::Handshake(error) if error.to_string().contains("certificate expired"))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusing_is_an_alert_that_says_nothing_of_certificates() {
    ends(
        AtTheEnd::RefuseHandshakes,
        |error| matches!(error, Failure::Handshake(error) if error.to_string().contains("AccessDenied")),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_listener_refuses_the_connection() {
    ends(AtTheEnd::StopListening, |error| {
        matches!(error, Failure::Refused)
    })
    .await;
}

/// A returning client is not shown the certificate, so it does not see that it has expired. Only
/// a server that refuses keeps it out.
#[tokio::test(start_paused = true)]
async fn returning_clients_do_not_see_the_end() {
    for tls12_only in [false, true] {
        let scene = Scene::new(Strategy::RenameEach);
        scene.keep();
        let on = server(&scene, AtTheEnd::ServeOn).await;
        let refusing = server(&scene, AtTheEnd::RefuseHandshakes).await;
        let resuming = Options {
            resume: true,
            tls12_only,
            ..Options::default()
        };
        let (one, other) = (client(&scene, resuming), client(&scene, resuming));
        sleep(DAY - HOUR).await;
        assert!(!still(one.probe(on)).await.unwrap().resumed);
        assert!(!still(other.probe(refusing)).await.unwrap().resumed);
        assert!(still(other.probe(refusing)).await.unwrap().resumed);
        sleep(2 * HOUR).await;
        let seen = still(one.probe(on)).await.unwrap();
        assert!(seen.resumed);
        assert_eq!(
            seen.chain, scene.first.facts,
            "and it holds the expired one"
        );
        still(other.probe(refusing)).await.unwrap_err();
    }
}

/// To the second, and without a watcher: the hook asks the clock.
#[tokio::test(start_paused = true)]
async fn refusing_begins_with_the_second_after_the_end() {
    let scene = Scene::new(Strategy::RenameEach);
    sleep(DAY).await;
    scene.shown_under(AtTheEnd::RefuseHandshakes).unwrap();
    sleep(Duration::from_secs(1)).await;
    // The server's objection, not the client's: a client would object to the certificate.
    let error = scene.shown_under(AtTheEnd::RefuseHandshakes).unwrap_err();
    assert!(matches!(error, rustls::Error::General(_)), "{error}");
    let error = scene.shown_under(AtTheEnd::ServeOn).unwrap_err();
    assert!(
        matches!(error, rustls::Error::InvalidCertificate(_)),
        "{error}"
    );
}

/// Many returns of the same end: a listener that comes back can be closed again.
#[tokio::test(start_paused = true)]
async fn a_listener_is_closed_and_opened_again_and_again() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let address = server(&scene, AtTheEnd::StopListening).await;
    let client = client(&scene, Options::default());
    for time in 1..=3 {
        let port = address.port();
        let stopped = want("listening_stopped").with("port", port);
        scene.log.wait_for_nth(&stopped, time, 3 * DAY).await;
        let error = still(client.probe(address)).await.unwrap_err();
        assert!(matches!(error, Failure::Refused), "{error}");
        let next = scene.rotate();
        let listening = want("listening").with("port", port);
        scene.log.wait_for_nth(&listening, time + 1, HOUR).await;
        let seen = still(client.probe(address)).await.unwrap();
        assert_eq!(seen.chain, next.facts);
    }
    // Time stands still only while somebody talks.
    tokio::time::timeout(BOUND, sleep(Duration::from_secs(1)))
        .await
        .unwrap();
}

/// The port is somebody else's when there is something to serve again: the server says so, goes on
/// with what is open, and listens as soon as it can.
#[tokio::test(start_paused = true)]
async fn a_port_that_is_taken_is_waited_for() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let address = server(&scene, AtTheEnd::StopListening).await;
    let client = client(&scene, Options::default());
    let mut open = still(client.connect(address)).await.unwrap();
    let stopped = want("listening_stopped");
    scene.log.wait_for(&stopped, 2 * DAY).await;
    let taken = std::net::TcpListener::bind(address).unwrap();
    let next = scene.rotate();
    let failed = want("listen_failed").with("port", address.port());
    scene.log.wait_for(&failed, HOUR).await;
    let against = scene.keeper.ready().unwrap_err().join("; ");
    assert!(
        against.starts_with("nothing listens on the port"),
        "{against}"
    );
    // Once a minute, and not with each try.
    sleep(Duration::from_secs(150)).await;
    assert_eq!(scene.log.all(&failed).len(), 3);
    still(open.pull(1000)).await.unwrap();
    drop(taken);
    let again = want("listening").with("port", address.port());
    scene.log.wait_for_nth(&again, 2, HOUR).await;
    assert!(scene.keeper.ready().is_ok());
    let seen = still(client.probe(address)).await.unwrap();
    assert_eq!(seen.chain, next.facts);
    still(open.close()).await;
}
