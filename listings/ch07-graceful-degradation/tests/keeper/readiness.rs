//! What is said on the admin port, and what becomes of a watcher that dies.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use ch05_race_conditions::{Options as Care, Reader};
use ch07_graceful_degradation::clock::Virtual;
use ch07_graceful_degradation::health::{admin, metrics};
use lab::agent::{Agent, Strategy};
use lab::authority::Authority;
use lab::log::want;
use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::{advance, sleep};
use tower::ServiceExt;
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::scene::{DAY, HOUR, LOOK_BOUND, POLL, Scene, beginning, polling};

async fn asked(scene: &Scene, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = admin(scene.keeper.clone()).oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let kind = head.headers[header::CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    (head.status, kind, String::from_utf8(body.to_vec()).unwrap())
}

/// The value of one line of the metrics.
fn metric(scene: &Scene, name: &str) -> i64 {
    let text = metrics(&scene.keeper);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("no `{name}` in:\n{text}"));
    line.parse().unwrap()
}

/// Traffic flows, handshakes succeed, and nobody looks at the files any more.
#[tokio::test(start_paused = true)]
async fn a_dead_watcher_is_seen() {
    let mut scene = Scene::new(Strategy::RenameEach);
    let watching = scene.keep();
    sleep(HOUR + POLL / 2).await;
    assert_eq!(asked(&scene, "/ready").await.0, StatusCode::OK);

    watching.abort();
    let next = scene.rotate();
    sleep(LOOK_BOUND - POLL / 2).await;
    assert_eq!(
        asked(&scene, "/ready").await.0,
        StatusCode::OK,
        "within the bound"
    );
    sleep(Duration::from_secs(1)).await;
    let (status, _, words) = asked(&scene, "/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let age = LOOK_BOUND.as_secs() + 1;
    assert_eq!(
        words,
        format!(
            "not ready: the watcher is dead or stuck: its last look is {age} seconds ago, \
             the bound is {}\n",
            LOOK_BOUND.as_secs()
        )
    );
    assert_eq!(scene.shown(), scene.first.facts.serial, "traffic flows");
    assert_eq!(metric(&scene, "identity_ready"), 0);
    assert_eq!(metric(&scene, "identity_look_age_seconds"), age as i64);
    assert_eq!(metric(&scene, "identity_generation"), 1);
    // A restart would not help, and would lose what is served.
    assert_eq!(asked(&scene, "/live").await.0, StatusCode::OK);

    scene.keep();
    scene.loads(&next).await;
    assert_eq!(asked(&scene, "/ready").await.0, StatusCode::OK);
    assert_eq!(metric(&scene, "identity_ready"), 1);
}

/// Readiness is red at the end of the budget, whether or not there is a watcher to notice.
#[tokio::test(start_paused = true)]
async fn what_peers_reject_is_not_ready() {
    let scene = Scene::new(Strategy::RenameEach);
    let watching = scene.keep();
    sleep(DAY).await;
    assert_eq!(
        asked(&scene, "/ready").await.0,
        StatusCode::OK,
        "in its last second"
    );
    watching.abort();
    sleep(Duration::from_secs(1)).await;
    let (status, _, words) = asked(&scene, "/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        words,
        "not ready: peers reject generation 1: it expired 1 seconds ago\n"
    );
    assert_eq!(asked(&scene, "/live").await.0, StatusCode::OK);
    assert_eq!(metric(&scene, "identity_seconds_left"), -1);
}

/// The anchors of today reject what is served, before and after it has expired: two faults, of which
/// a renewal by the old authority would mend one. The clock need not be right, either.
#[tokio::test(start_paused = true)]
async fn an_end_hides_no_objection() {
    for expires_first in [false, true] {
        let scene = Scene::new(Strategy::RenameEach);
        scene.keep();
        sleep(POLL / 2).await;
        if expires_first {
            sleep(2 * DAY).await;
            assert_eq!(metric(&scene, "identity_peers_reject"), 0);
        }
        let other = Authority::at(scene.clock.date()).unwrap();
        scene.put("ca.crt", other.root_pem());
        // The first look may have met a bundle that is being written.
        sleep(POLL).await;
        assert_eq!(metric(&scene, "identity_peers_reject"), 0);
        sleep(POLL).await;
        assert_eq!(metric(&scene, "identity_peers_reject"), 1);
        if !expires_first {
            sleep(2 * DAY).await;
            assert_eq!(metric(&scene, "identity_peers_reject"), 1);
        }
        let against = scene.keeper.ready().unwrap_err();
        assert_eq!(against.len(), 2, "{against:?}");
        assert!(against[0].contains("it expired"), "{against:?}");
        assert!(against[1].contains("chain_broken"), "{against:?}");
        scene.clock.step(-3 * 24 * 3600);
        sleep(POLL).await;
        assert_eq!(metric(&scene, "identity_peers_reject"), 1);
        scene.put("ca.crt", scene.agent.root_pem());
        sleep(POLL).await;
        assert_eq!(metric(&scene, "identity_peers_reject"), 0);
    }
}

/// Peers have got new trust anchors, and this server has not got a new certificate.
#[tokio::test(start_paused = true)]
async fn anchors_that_no_longer_fit() {
    let scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    sleep(POLL / 2).await;
    let elsewhere = lab::directory().unwrap();
    let other = Agent::at(elsewhere.path(), Strategy::Bundle, scene.clock.date()).unwrap();
    scene.put("ca.crt", other.root_pem());
    sleep(POLL).await;
    assert!(scene.keeper.ready().is_ok(), "it may be half of a bundle");
    sleep(POLL).await;
    let against = scene.keeper.ready().unwrap_err();
    assert_eq!(against.len(), 1, "{against:?}");
    assert!(
        against[0].contains("tls.crt: chain_broken: "),
        "{against:?}"
    );
    // That the anchors cannot be read says nothing about peers.
    scene.put("ca.crt", "");
    sleep(POLL).await;
    assert!(scene.keeper.ready().is_ok());
    scene.put("ca.crt", scene.agent.root_pem());
    sleep(POLL).await;
    assert!(scene.keeper.ready().is_ok());
    assert_eq!(scene.keeper.store().current().number, 1);
}

/// A clock with defects.
#[derive(Debug)]
struct Fragile {
    inner: Arc<Virtual>,
    stopped: AtomicBool,
    panics: AtomicBool,
}

impl TimeProvider for Fragile {
    fn current_time(&self) -> Option<UnixTime> {
        assert!(!self.panics.load(Ordering::Relaxed), "the clock broke");
        let stopped = self.stopped.load(Ordering::Relaxed);
        self.inner.current_time().filter(|_| !stopped)
    }
}

fn fragile() -> (Scene, Arc<Fragile>) {
    let clock = Virtual::starting_at(beginning());
    let fragile = Arc::new(Fragile {
        inner: clock.clone(),
        stopped: AtomicBool::new(false),
        panics: AtomicBool::new(false),
    });
    let scene = Scene::with(Strategy::RenameEach, polling(), clock, fragile.clone());
    (scene, fragile)
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_panics_is_started_again() {
    let (mut scene, clock) = fragile();
    scene.keep();
    sleep(HOUR).await;
    clock.panics.store(true, Ordering::Relaxed);
    let died = want("watcher_died").with("why", "panicked: the clock broke");
    scene.log.wait_for(&died, HOUR).await;
    clock.panics.store(false, Ordering::Relaxed);
    let next = scene.rotate();
    scene.loads(&next).await;
    assert!(scene.keeper.ready().is_ok());
    scene.log.assert_order(&[
        died,
        want("watcher_restarted").with("restarts", 1),
        want("identity_loaded").with("generation", 2),
    ]);
    assert_eq!(metric(&scene, "watcher_restarts_total"), 1);
}

/// Dead again and again, it is started at longer and longer intervals. Once it has worked, the
/// next death is mended quickly again.
#[tokio::test(start_paused = true)]
async fn a_watcher_that_keeps_dying_is_not_started_in_a_loop() {
    let (mut scene, clock) = fragile();
    scene.keep();
    sleep(HOUR).await;
    let pauses = |scene: &Scene| -> Vec<_> {
        let deaths = scene
            .log
            .all(&want("watcher_died").with("why", "the clock has no time"));
        deaths
            .iter()
            .map(|death| death.number("restart_ms").unwrap())
            .collect()
    };
    clock.stopped.store(true, Ordering::Relaxed);
    sleep(HOUR).await;
    let seen = pauses(&scene);
    assert_eq!(
        seen[..8],
        [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
    );
    assert!(seen.len() < 70, "{}", seen.len());
    let against = scene.keeper.ready().unwrap_err().join("; ");
    assert!(against.contains("dead or stuck"), "{against}");
    assert!(against.contains("the clock has no time"), "{against}");

    clock.stopped.store(false, Ordering::Relaxed);
    let next = scene.rotate();
    scene.loads(&next).await;
    assert!(scene.keeper.ready().is_ok());
    clock.stopped.store(true, Ordering::Relaxed);
    sleep(2 * POLL).await;
    assert_eq!(pauses(&scene)[seen.len()..][..2], [1000, 2000]);
}

/// Panics when the look has something to say.
struct Bomb(AtomicBool);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Bomb {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let warns = *event.metadata().level() == tracing::Level::WARN;
        assert!(!warns || !self.0.swap(false, Ordering::Relaxed), "boom");
    }
}

/// The look itself panics, on its own thread, with the keeper's lock in its hand.
#[tokio::test(start_paused = true)]
async fn a_look_that_panics_takes_only_the_watcher_along() {
    let mut scene = Scene::new(Strategy::RenameEach);
    let bomb = tracing_subscriber::registry().with(Bomb(AtomicBool::new(true)));
    let _armed = tracing::subscriber::set_default(bomb);
    scene.keep();
    sleep(POLL / 2).await;
    scene.put("tls.crt", "");
    sleep(POLL).await;
    assert_eq!(metric(&scene, "watcher_restarts_total"), 1);
    assert_eq!(scene.shown(), scene.first.facts.serial);
    let next = scene.rotate();
    sleep(POLL).await;
    assert_eq!(scene.shown(), next.facts.serial);
    assert!(scene.keeper.ready().is_ok());
    assert_eq!(metric(&scene, "watcher_restarts_total"), 1);
}

/// Opens the pipe for writing, as soon as somebody hangs on it, and closes it: they read the end.
struct Unblock(PathBuf);

impl Drop for Unblock {
    fn drop(&mut self) {
        let nonblocking = OFlags::NONBLOCK.bits() as i32;
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(nonblocking);
        // Without a reader the open fails: the look may have been started and not be there yet.
        let started = std::time::Instant::now();
        while options.open(&self.0).is_err() && started.elapsed() < lab::BOUND {
            std::thread::yield_now();
        }
    }
}

/// The mount hangs: the look never comes back. (A named pipe that nobody writes to blocks its
/// reader in `open`, as a dead NFS server does. The server's reader does not wait for one, so it is
/// read where the reader waits for the files to rest.) Traffic flows, the alarm is raised, readiness is
/// red; when the mount answers again, all is well.
#[tokio::test(start_paused = true)]
async fn a_mount_that_hangs_silences_nothing() {
    let elsewhere = lab::directory().unwrap();
    let pipe = elsewhere.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let (hangs, unblock) = (AtomicBool::new(true), Unblock(pipe.clone()));
    let reader = Reader::new(Care::default()).pausing(move |_| {
        if hangs.swap(false, Ordering::Relaxed) {
            fs::read(&pipe).unwrap();
        }
    });
    let clock = Virtual::starting_at(beginning());
    let (settings, strategy) = (polling(), Strategy::RemoveCreate);
    let mut scene = Scene::reading(reader, strategy, settings, clock.clone(), clock);
    scene.keep();
    sleep(POLL / 2).await;
    scene.put("tls.crt", "");

    // tokio does not let time pass by itself while somebody hangs: it is moved by hand.
    let mut at_work = Vec::new();
    for _ in 0..17 * 12 {
        advance(POLL).await;
        tokio::task::yield_now().await;
        at_work.push(Arc::strong_count(&scene.keeper));
    }
    // One look hangs, and no other is begun: each would take a thread, until there are none.
    assert_eq!(at_work.last(), at_work.get(12), "looks pile up");
    let late = want("identity_expiring").with("level", "late");
    assert_eq!(scene.log.all(&late).len(), 1);
    let against = scene.keeper.ready().unwrap_err();
    assert!(against[0].contains("dead or stuck"), "{against:?}");
    assert_eq!(scene.shown(), scene.first.facts.serial);
    scene.log.assert_none(&want("watcher_died"));

    drop(unblock);
    let truncated = want("identity_rejected").with("reason", "truncated");
    scene.log.wait_for(&truncated, HOUR).await;
    let next = scene.rotate();
    scene.loads(&next).await;
    assert!(scene.keeper.ready().is_ok());
}

/// A key that was open to others when this server came is told, and wakes nobody: it was so before.
#[tokio::test(start_paused = true)]
async fn a_key_that_was_open_at_the_start_is_no_alarm() {
    let scene = Scene::new(Strategy::RenameEach);
    assert_eq!(metric(&scene, "identity_key_exposed"), 0);
    let key = scene.directory.path().join("tls.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let again = scene.start_again().unwrap();
    for (keeper, opened) in [(&again, 0), (&scene.keeper, 1)] {
        keeper.look(beginning());
        let text = metrics(keeper);
        assert!(text.contains("identity_key_exposed 1\n"), "{text}");
        let opened = format!("identity_key_opened {opened}\n");
        assert!(text.contains(&opened), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_are_open_metrics() {
    let scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    sleep(HOUR).await;
    let (status, kind, text) = asked(&scene, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(metric(&scene, "identity_seconds_left"), 23 * 3600);
    for reason in ch02_hot_reload::identity::Reason::ALL {
        let name = format!("identity_rejections_total{{reason=\"{}\"}}", reason.name());
        assert_eq!(metric(&scene, &name), 0);
    }
}
