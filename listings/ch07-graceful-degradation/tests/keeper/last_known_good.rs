//! Whatever the agent does, the last good identity is served, and the next good one is taken.

use std::fs;

use ch03_handshake_hook::watch::Events;
use ch07_graceful_degradation::Settings;
use ch07_graceful_degradation::clock::Virtual;
use lab::agent::Strategy;
use lab::log::want;
use tokio::time::sleep;

use super::scene::{DAY, HOUR, POLL, Scene, beginning, polling, remove};

/// Each strategy, and its writer dead after each of its steps: what is served is the last good
/// pair or the next one, whole, and a writer that comes back is followed.
#[tokio::test(start_paused = true)]
async fn the_agent_may_die_at_any_step() {
    let mut deaths = 0;
    for strategy in Strategy::ALL {
        for steps in 0.. {
            let mut scene = Scene::new(strategy);
            scene.keep();
            sleep(POLL / 2).await;
            let next = scene.issue(|_| ());
            let Some(step) = scene.write_and_die(&next, steps) else {
                break;
            };
            deaths += 1;
            sleep(6 * HOUR).await;

            let shown = scene.shown();
            let said = scene.log.all(&want("identity_rejected"));
            match scene.keeper.store().current().number {
                1 => {
                    assert_eq!(shown, scene.first.facts.serial, "{strategy:?}: {step}");
                    // Nothing of a directory that is not linked yet can be seen.
                    let times = usize::from(step != "directory filled");
                    assert_eq!(said.len(), times, "{strategy:?}: {step}: {said:?}");
                }
                2 => {
                    assert_eq!(shown, next.facts.serial, "{strategy:?}: {step}");
                    assert_eq!(said, [], "{strategy:?}: {step}");
                }
                number => panic!("{strategy:?}: {step}: generation {number}"),
            }
            assert!(scene.keeper.ready().is_ok(), "{strategy:?}: {step}");

            let last = scene.rotate();
            scene.loads(&last).await;
            scene.log.assert_none(&want("watcher_died"));
            let keys = [&scene.first.key, &next.key, &last.key];
            scene.log.assert_no_key_bytes(keys);
        }
    }
    assert_eq!(deaths, 20, "as many steps as the strategies have");
}

/// Spoils the files, and checks that the reason is told once, that the last good one goes on for
/// hours, and that the next good one is taken.
async fn outlives(reason: &str, spoil: impl FnOnce(&mut Scene)) {
    let mut scene = Scene::new(Strategy::RemoveCreate);
    scene.keep();
    sleep(POLL / 2).await;
    spoil(&mut scene);
    sleep(6 * HOUR).await;
    assert_eq!(scene.shown(), scene.first.facts.serial);
    let said = scene.log.all(&want("identity_rejected"));
    assert_eq!(said.len(), 1, "news only once: {said:?}");
    assert_eq!(said[0].text("reason").as_deref(), Some(reason));
    assert_eq!(said[0].number("generation"), Some(1));
    assert!(scene.keeper.ready().is_ok(), "what is served is good");
    let counted = format!("identity_rejections_total{{reason=\"{reason}\"}} 72\n");
    let metrics = ch07_graceful_degradation::health::metrics(&scene.keeper);
    assert!(metrics.contains(&counted), "each look counts: {metrics}");

    remove(&scene.path("tls.crt"));
    remove(&scene.path("tls.key"));
    scene.put("ca.crt", scene.agent.root_pem());
    let last = scene.rotate();
    scene.loads(&last).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_key() {
    outlives("missing", |scene| remove(&scene.path("tls.key"))).await;
}

/// As root, no mode keeps a file from being read; a directory in its place does.
#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read() {
    outlives("not_regular", |scene| {
        remove(&scene.path("tls.key"));
        fs::create_dir(scene.path("tls.key")).unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_file() {
    outlives("truncated", |scene| scene.put("tls.crt", "")).await;
}

#[tokio::test(start_paused = true)]
async fn garbage() {
    outlives("malformed", |scene| {
        scene.put(
            "tls.crt",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_key_of_another_certificate() {
    outlives("pair_mismatch", |scene| {
        let other = scene.issue(|_| ());
        scene.put("tls.key", other.key.expose());
    })
    .await;
}

/// An agent that writes yesterday's certificate again. What the verifier says of it changes with
/// each second; the news does not.
#[tokio::test(start_paused = true)]
async fn an_expired_certificate() {
    outlives("expired", |scene| {
        scene.clock.step(-2 * DAY.as_secs() as i64);
        let old = scene.issue(|_| ());
        scene.clock.step(2 * DAY.as_secs() as i64);
        scene.agent.write(&old).unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_for_another_name() {
    outlives("name_lost", |scene| {
        let other = scene.issue(|request| request.names = vec!["elsewhere.example".into()]);
        scene.agent.write(&other).unwrap();
    })
    .await;
}

/// The whole directory goes, and comes back as another one. A watch on it is dead by then; the
/// poll is not.
#[tokio::test(start_paused = true)]
async fn the_directory_goes_and_comes_back() {
    for events in [Events::PollOnly, Events::Wanted] {
        let clock = Virtual::starting_at(beginning());
        let settings = Settings {
            events,
            ..polling()
        };
        let mut scene = Scene::with(Strategy::RenameEach, settings, clock.clone(), clock);
        scene.keep();
        sleep(POLL / 2).await;
        fs::remove_dir_all(scene.directory.path()).unwrap();
        let missing = want("identity_rejected").with("reason", "missing");
        scene.log.wait_for(&missing, HOUR).await;
        sleep(HOUR).await;
        assert_eq!(scene.shown(), scene.first.facts.serial);
        assert!(scene.keeper.ready().is_ok());

        fs::create_dir(scene.directory.path()).unwrap();
        scene.put("ca.crt", scene.agent.root_pem());
        let last = scene.rotate();
        scene.loads(&last).await;
    }
}

/// The same directory under another name for a while: the files are what they were.
#[tokio::test(start_paused = true)]
async fn the_same_files_come_back() {
    let scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    sleep(POLL / 2).await;
    let away = scene.directory.path().with_extension("away");
    fs::rename(scene.directory.path(), &away).unwrap();
    sleep(HOUR).await;
    fs::rename(&away, scene.directory.path()).unwrap();
    sleep(HOUR).await;
    assert_eq!(scene.keeper.store().current().number, 1);
    scene.log.assert_order(&[
        want("identity_rejected").with("reason", "missing"),
        want("reload_skipped").with("why", "unchanged"),
    ]);
    assert_eq!(scene.log.all(&want("reload_skipped")).len(), 1);
}

/// A writer that never comes to rest: each look sees something else that is wrong. However long
/// it goes on, nothing of it is published.
#[tokio::test(start_paused = true)]
async fn files_that_flap() {
    let mut scene = Scene::new(Strategy::RemoveCreate);
    scene.keep();
    sleep(POLL / 2).await;
    let (one, other) = (scene.issue(|_| ()), scene.issue(|_| ()));
    for turn in 0..100 {
        let (chain, key) = match turn % 3 {
            0 => (one.chain_pem.as_str(), other.key.expose()),
            1 => (&one.chain_pem[..one.chain_pem.len() / 4], one.key.expose()),
            _ => (other.chain_pem.as_str(), ""),
        };
        scene.put("tls.crt", chain);
        scene.put("tls.key", key);
        sleep(POLL).await;
        assert_eq!(scene.shown(), scene.first.facts.serial, "turn {turn}");
    }
    assert_eq!(scene.log.all(&want("identity_rejected")).len(), 100);
    assert_eq!(scene.log.all(&want("identity_loaded")).len(), 1);
    let last = scene.rotate();
    scene.loads(&last).await;
}

/// The watch cannot be had, as when inotify's limit is reached: here, since the directory is gone
/// at that moment. The server says so, polls, and is ready.
#[tokio::test(start_paused = true)]
async fn without_a_watch() {
    let clock = Virtual::starting_at(beginning());
    let settings = Settings {
        events: Events::Wanted,
        ..polling()
    };
    let mut scene = Scene::with(Strategy::RenameEach, settings, clock.clone(), clock);
    let away = scene.directory.path().with_extension("away");
    fs::rename(scene.directory.path(), &away).unwrap();
    scene.keep();
    let degraded = want("watch_degraded").with("to", "polling");
    scene.log.wait_for(&degraded, HOUR).await;
    fs::rename(&away, scene.directory.path()).unwrap();
    let last = scene.rotate();
    scene.loads(&last).await;
    assert!(scene.keeper.ready().is_ok());
    scene.log.assert_none(&want("watcher_died"));
}

/// Why liveness must not ask for more than life: the last good identity is in the memory of this
/// process and nowhere else.
#[tokio::test(start_paused = true)]
async fn a_restart_would_lose_it() {
    let mut scene = Scene::new(Strategy::InPlace);
    scene.keep();
    sleep(POLL / 2).await;
    let next = scene.issue(|_| ());
    scene.write_and_die(&next, 0);
    sleep(HOUR).await;
    assert_eq!(scene.shown(), scene.first.facts.serial, "this one serves");
    let error = scene.start_again().unwrap_err();
    assert!(error.contains("tls.crt: truncated: "), "{error}");
}
