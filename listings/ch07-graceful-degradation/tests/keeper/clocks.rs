//! Clocks that run, are stepped, and are ahead or behind.

use ch07_graceful_degradation::Settings;
use ch07_graceful_degradation::clock::Virtual;
use ch07_graceful_degradation::policy::AtTheEnd;
use lab::agent::Strategy;
use lab::log::want;
use rustls::time_provider::TimeProvider;
use tokio::time::sleep;

use super::scene::{DAY, HOUR, MINUTE, POLL, Scene, beginning, client_config, polling};

const TWO_DAYS: i64 = 2 * 24 * 3600;

/// The poll is far away in these: what happens at the time happens by itself.
fn held_scene() -> Scene {
    let clock = Virtual::starting_at(beginning());
    let settings = Settings {
        poll: 6 * HOUR,
        look_bound: DAY,
        ..polling()
    };
    let scene = Scene::with(Strategy::RenameEach, settings, clock.clone(), clock);
    scene.keep();
    scene
}

#[tokio::test(start_paused = true)]
async fn a_virtual_clock_runs_and_is_stepped() {
    let clock = Virtual::starting_at(beginning());
    let start = clock.date();
    sleep(7 * DAY).await;
    assert_eq!(clock.date() - start, 7 * DAY);
    clock.step(-TWO_DAYS);
    assert_eq!(clock.date() - start, 5 * DAY);
    // Another thread that belongs to the runtime sees the same time.
    let elsewhere = clock.clone();
    let seen = tokio::task::spawn_blocking(move || elsewhere.current_time()).await;
    assert_eq!(seen.unwrap(), clock.current_time());
    // Before 1970 there is no time to give.
    clock.step(-2_000_000_000);
    assert_eq!(clock.current_time(), None);
}

/// NotBefore is 42 minutes away. Until then the old one is served; at that second the new one is,
/// with no event and no poll in between.
#[tokio::test(start_paused = true)]
async fn not_before_in_the_future_waits() {
    let mut scene = held_scene();
    sleep(5 * HOUR + 50 * MINUTE).await;
    let early = scene.issue(|request| request.starts_after = 42 * MINUTE);
    scene.agent.write(&early).unwrap();
    let held = want("identity_held").with("generation", 1);
    scene
        .log
        .wait_for(&held.with("seconds", 32 * 60), 6 * HOUR)
        .await;
    assert_eq!(scene.shown(), scene.first.facts.serial);

    let loaded = want("identity_loaded").with("serial", early.facts.serial.as_str());
    scene.log.wait_for(&loaded, HOUR).await;
    let since = scene.clock.date() - Virtual::starting_at(beginning()).date();
    assert_eq!(since, 6 * HOUR + 32 * MINUTE, "at the second");
    scene.loads(&early).await;
    assert_eq!(scene.log.all(&want("identity_held")).len(), 1);
    scene.log.assert_none(&want("identity_rejected"));
}

/// While one is held, a better one comes: it is taken, and the hold is forgotten.
#[tokio::test(start_paused = true)]
async fn a_held_identity_is_replaced() {
    let mut scene = held_scene();
    sleep(HOUR).await;
    let early = scene.issue(|request| request.starts_after = 8 * HOUR);
    scene.agent.write(&early).unwrap();
    scene.log.wait_for(&want("identity_held"), DAY).await;
    let next = scene.rotate();
    let loaded = want("identity_loaded").with("serial", next.facts.serial.as_str());
    scene.log.wait_for(&loaded, DAY).await;
    sleep(DAY).await;
    assert_eq!(scene.log.all(&want("identity_loaded")).len(), 2);
}

/// The new one begins after the old one ends: in between nothing valid is there, and the server says
/// so. It mends itself at the time.
#[tokio::test(start_paused = true)]
async fn a_gap_between_two_certificates_mends_itself() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    sleep(POLL / 2).await;
    let late = scene.issue(|request| request.starts_after = DAY + HOUR);
    scene.agent.write(&late).unwrap();
    let expired = want("identity_expiring").with("level", "expired");
    scene.log.wait_for(&expired, 2 * DAY).await;
    let against = scene.keeper.ready().unwrap_err();
    assert!(
        against[0].starts_with("peers reject generation 1: it expired"),
        "{against:?}"
    );
    scene.loads(&late).await;
    scene.log.wait_for(&want("alarm_cleared"), HOUR).await;
    assert!(scene.keeper.ready().is_ok());
    scene.log.assert_order(&[
        want("identity_held"),
        expired,
        want("identity_loaded").with("generation", 2),
        want("alarm_cleared").with("generation", 2),
    ]);
}

/// Set two days ahead, the server believes that all is over. It says that its clock was set,
/// serves the same generation, and takes everything back when the clock is right again.
#[tokio::test(start_paused = true)]
async fn a_step_forward_and_back() {
    let shown = Virtual::starting_at(beginning());
    let right = Virtual::starting_at(beginning());
    let scene = Scene::with(
        Strategy::RenameEach,
        polling(),
        right.clone(),
        shown.clone(),
    );
    scene.keep();
    sleep(HOUR).await;
    shown.step(TWO_DAYS);
    let expired = want("identity_expiring").with("level", "expired");
    scene.log.wait_for(&expired, HOUR).await;
    assert!(scene.keeper.ready().is_err());

    // Clients go by their own clocks. Who serves on has lost nobody.
    let client = client_config(&scene.agent, right);
    let served = scene.shown_to(AtTheEnd::ServeOn, &client);
    assert_eq!(served.unwrap().serial, scene.first.facts.serial);
    let refused = scene.shown_to(AtTheEnd::RefuseHandshakes, &client);
    refused.unwrap_err();

    shown.step(-TWO_DAYS);
    scene.log.wait_for(&want("alarm_cleared"), HOUR).await;
    assert!(scene.keeper.ready().is_ok());
    let served = scene.shown_to(AtTheEnd::RefuseHandshakes, &client);
    assert_eq!(served.unwrap().serial, scene.first.facts.serial);
    scene.log.assert_order(&[
        want("clock_stepped").with("seconds", TWO_DAYS),
        expired,
        want("clock_stepped").with("seconds", -TWO_DAYS),
        want("alarm_cleared")
            .with("generation", 1)
            .with("level", "fresh"),
    ]);
    assert_eq!(scene.log.all(&want("clock_stepped")).len(), 2);
    assert_eq!(scene.log.all(&want("identity_loaded")).len(), 1);
}

/// Ten seconds are what a daemon for the time corrects at once, now and then. More is told.
#[tokio::test(start_paused = true)]
async fn a_step_of_seconds_is_none() {
    let shown = Virtual::starting_at(beginning());
    let right = Virtual::starting_at(beginning());
    let scene = Scene::with(Strategy::RenameEach, polling(), right, shown.clone());
    scene.keep();
    sleep(HOUR).await;
    for seconds in [10, -10] {
        shown.step(seconds);
        sleep(HOUR).await;
    }
    scene.log.assert_none(&want("clock_stepped"));
    for seconds in [11, -11] {
        shown.step(seconds);
        let stepped = want("clock_stepped").with("seconds", seconds);
        scene.log.wait_for(&stepped, HOUR).await;
    }
    assert_eq!(scene.log.all(&want("clock_stepped")).len(), 2);
}

/// Set two days back, the server finds its own certificate not valid yet, and goes on.
#[tokio::test(start_paused = true)]
async fn a_step_back_before_the_beginning() {
    let shown = Virtual::starting_at(beginning());
    let right = Virtual::starting_at(beginning());
    let mut scene = Scene::with(
        Strategy::RenameEach,
        polling(),
        right.clone(),
        shown.clone(),
    );
    scene.keep();
    sleep(HOUR).await;
    shown.step(-TWO_DAYS);
    sleep(HOUR).await;
    let against = scene.keeper.ready().unwrap_err();
    assert_eq!(against, ["peers reject generation 1: it is not valid yet"]);
    let client = client_config(&scene.agent, right);
    for policy in [AtTheEnd::ServeOn, AtTheEnd::RefuseHandshakes] {
        let served = scene.shown_to(policy, &client).unwrap();
        assert_eq!(served.serial, scene.first.facts.serial);
    }
    shown.step(TWO_DAYS);
    sleep(HOUR).await;
    assert!(scene.keeper.ready().is_ok());
    let next = scene.rotate();
    scene.loads(&next).await;
}

/// What waits for a date must notice that the date has come by another way.
#[tokio::test(start_paused = true)]
async fn a_step_ends_a_hold() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    sleep(MINUTE).await;
    let early = scene.issue(|request| request.starts_after = 12 * HOUR);
    scene.agent.write(&early).unwrap();
    scene.log.wait_for(&want("identity_held"), HOUR).await;
    scene.clock.step(13 * 3600);
    let loaded = want("identity_loaded").with("serial", early.facts.serial.as_str());
    scene.log.wait_for(&loaded, HOUR).await;
}
