//! What the alerts say: nothing while all is well, and of each fault one thing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ch03_handshake_hook::watch::Events;
use ch07_graceful_degradation::Settings;
use ch07_graceful_degradation::alerts::{RULES, rule, to_prometheus};
use ch07_graceful_degradation::clock::{Virtual, still};
use ch07_graceful_degradation::firing::Firing;
use ch07_graceful_degradation::health::metrics;
use ch07_graceful_degradation::policy::AtTheEnd;
use lab::agent::Strategy;
use lab::authority::Authority;
use lab::client::{self, Client, Options};
use lab::log::want;
use tokio::time::{Instant, sleep};

use super::end_of_budget::server;
use super::scene::{DAY, HOUR, MINUTE, POLL, Scene, beginning, polling, remove};

/// Prometheus beside a scene: it scrapes every five minutes, between two looks.
struct Prometheus {
    firing: Firing,
    began: Instant,
    /// Which alerts fired, each time that it was other ones than before.
    told: Vec<Vec<&'static str>>,
}

impl Prometheus {
    fn new() -> Self {
        Self {
            firing: Firing::default(),
            began: Instant::now(),
            told: Vec::new(),
        }
    }

    fn scrape(&mut self, scene: &Scene) {
        let text = metrics(&scene.keeper);
        let now = self.firing.scrape(self.began.elapsed(), &text);
        if self.told.last() != Some(&now) && !(self.told.is_empty() && now.is_empty()) {
            self.told.push(now);
        }
    }

    /// Scrapes for so long.
    async fn watch(&mut self, scene: &Scene, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            sleep(POLL).await;
            self.scrape(scene);
        }
    }
}

/// All is well for an hour; then `spoil`, and two hours in which it is seen. Returns what was told.
async fn told_of(spoil: impl AsyncFnOnce(&mut Scene)) -> Vec<Vec<&'static str>> {
    let mut scene = Scene::new(Strategy::RemoveCreate);
    scene.keep();
    let mut prometheus = Prometheus::new();
    sleep(POLL / 2).await;
    prometheus.watch(&scene, HOUR).await;
    assert!(prometheus.told.is_empty(), "{:?}", prometheus.told);
    spoil(&mut scene).await;
    prometheus.watch(&scene, 2 * HOUR).await;
    prometheus.told
}

macro_rules! faults {
    ($($fault:ident tells $alert:literal: |$scene:ident| $spoil:expr;)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $fault() {
            let told = told_of(async |$scene: &mut Scene| { $spoil; }).await;
            assert_eq!(told, [[$alert]]);
        }
    )* };
}

faults! {
    a_cut_chain tells "IdentityRejected": |scene| scene.put("tls.crt", "");
    a_missing_key tells "IdentityRejected": |scene| remove(&scene.path("tls.key"));
    a_torn_pair tells "IdentityRejected": |scene| {
        let other = scene.issue(|_| ());
        scene.put("tls.key", other.key.expose());
        fs::set_permissions(scene.path("tls.key"), Permissions::from_mode(0o600)).unwrap();
    };
    an_expired_renewal tells "IdentityRejected": |scene| {
        let old = scene.issue(|request| request.lifetime = MINUTE);
        sleep(2 * MINUTE).await;
        scene.agent.write(&old).unwrap();
    };
    a_renewal_for_another_name tells "IdentityRejected": |scene| {
        let other = scene.issue(|request| request.names = vec!["elsewhere.example".into()]);
        scene.agent.write(&other).unwrap();
    };
    anchors_that_are_cut tells "TrustRejected": |scene| scene.put("ca.crt", "-----BEGIN");
    anchors_of_another_authority tells "PeersReject": |scene| {
        scene.put("ca.crt", Authority::at(scene.clock.date()).unwrap().root_pem());
    };
    a_key_that_is_opened tells "KeyExposed": |scene| {
        fs::set_permissions(scene.path("tls.key"), Permissions::from_mode(0o644)).unwrap();
    };
}

/// Nobody renews: late, then urgent, then expired, and one at a time.
#[tokio::test(start_paused = true)]
async fn an_agent_that_stops() {
    let scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, 2 * DAY).await;
    let levels = ["IdentityLate", "IdentityUrgent", "IdentityExpired"];
    assert_eq!(prometheus.told, levels.map(|level| [level]));
}

/// The leaf has a day and its root half a day. What peers need ends with the root, and that is seen
/// coming as the end of a leaf is. rustls clients would not notice; the others are most.
#[tokio::test(start_paused = true)]
async fn a_root_that_ends() {
    let scene = Scene::ending(12, 1000);
    scene.keep();
    assert_eq!(scene.keeper.seconds_left(), Some(12 * 3600));
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, 12 * HOUR - POLL).await;
    assert!(scene.keeper.ready().is_ok());
    prometheus.watch(&scene, DAY).await;
    let levels = ["IdentityLate", "IdentityUrgent", "IdentityExpired"];
    assert_eq!(prometheus.told, levels.map(|level| [level]));
    let against = scene.keeper.ready().unwrap_err().join("; ");
    assert!(
        against.starts_with("peers reject generation 1: it expired"),
        "{against}"
    );
    let rejected = scene.log.all(&want("identity_rejected"));
    let file = rejected[0].text("file").unwrap();
    assert!(file.ends_with("ca.crt"), "{rejected:?}");
}

/// One of the roots by which peers are judged ends, and no other file has anything to do with it.
#[tokio::test(start_paused = true)]
async fn a_root_of_peers_that_ends() {
    let scene = Scene::ending(1000, 3);
    scene.keep();
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, 3 * HOUR - POLL).await;
    scene.log.assert_none(&want("trust_expired"));
    assert!(prometheus.told.is_empty(), "{:?}", prometheus.told);
    prometheus.watch(&scene, 2 * HOUR).await;
    assert_eq!(prometheus.told, [["TrustExpired"]]);
    let told = scene.log.all(&want("trust_expired"));
    let file = told[0].text("file").unwrap();
    assert!(told.len() == 1 && file.ends_with("peers.crt"), "{told:?}");
    assert!(
        scene.keeper.ready().is_ok(),
        "what is served is as good as before"
    );
}

/// A root that had ended before this server came may stay in its file: that is logged, and no alarm.
#[tokio::test(start_paused = true)]
async fn a_root_of_peers_that_had_ended() {
    let scene = Scene::ending(1000, -3);
    scene.keep();
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, 2 * HOUR).await;
    assert!(prometheus.told.is_empty(), "{:?}", prometheus.told);
    assert_eq!(scene.log.all(&want("trust_expired")).len(), 1);
    let text = metrics(&scene.keeper);
    assert!(text.contains("\ntrust_expired 1\n"), "{text}");
    assert!(text.contains("\ntrust_expired_since_start 0\n"), "{text}");
}

/// A leaf that lacks a name which the server was not told to keep is served, and that is said. The
/// alarm is over when a leaf has all names of the one before.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_lost() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let mut prometheus = Prometheus::new();
    let names = ["localhost", "api.example"].map(String::from);
    for (kept, told) in [(2, 0), (1, 1), (2, 2), (2, 2)] {
        let next = scene.issue(|request| request.names = names[..kept].to_vec());
        scene.agent.write(&next).unwrap();
        scene.loads(&next).await;
        prometheus.watch(&scene, HOUR).await;
        assert_eq!(prometheus.told.len(), told, "{:?}", prometheus.told);
    }
    assert_eq!(prometheus.told, [vec!["NamesLost"], vec![]]);
}

/// A bundle of authorities is written in place, and its writer is slow: one look meets it before the own authority
/// is there again. That is no reason to wake a person, nor to send clients elsewhere.
#[tokio::test(start_paused = true)]
async fn a_bundle_of_authorities_that_is_written_slowly() {
    let scene = Scene::new(Strategy::RenameEach);
    let other = Authority::at(scene.clock.date()).unwrap();
    let both = format!("{}{}", other.root_pem(), scene.agent.root_pem());
    scene.put("ca.crt", &both);
    scene.keep();
    let mut prometheus = Prometheus::new();
    sleep(POLL / 2).await;
    prometheus.watch(&scene, HOUR).await;
    for _ in 0..3 {
        scene.put("ca.crt", other.root_pem());
        prometheus.watch(&scene, POLL).await;
        let ready = scene.keeper.ready();
        assert!(ready.is_ok(), "{ready:?}");
        scene.put("ca.crt", &both);
        prometheus.watch(&scene, HOUR).await;
    }
    assert!(prometheus.told.is_empty(), "{:?}", prometheus.told);
}

/// The clock is set two days ahead, and back half an hour later. What seems to be the end of the
/// certificate is the clock's fault, and that alone is said.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong() {
    let scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, HOUR).await;
    scene.clock.step(2 * DAY.as_secs() as i64);
    prometheus.watch(&scene, HOUR / 2).await;
    let expired = rule("IdentityExpired").unwrap().when;
    assert!(prometheus.firing.holds(expired), "so it seems");
    scene.clock.step(-2 * DAY.as_secs() as i64);
    prometheus.watch(&scene, 2 * HOUR).await;
    assert_eq!(prometheus.told, [vec!["ClockStepped"], vec![]]);

    // One that stays wrong looks like an agent's fault an hour later: the step is history by then.
    scene.clock.step(2 * DAY.as_secs() as i64);
    prometheus.watch(&scene, 2 * HOUR).await;
    assert_eq!(
        prometheus.told[2..],
        [["ClockStepped"], ["IdentityExpired"]]
    );
}

/// What is held until it becomes valid is no rejection, however long that takes.
#[tokio::test(start_paused = true)]
async fn a_held_identity_is_no_alarm() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let mut prometheus = Prometheus::new();
    let early = scene.issue(|request| request.starts_after = 3 * HOUR);
    scene.agent.write(&early).unwrap();
    prometheus.watch(&scene, 4 * HOUR).await;
    assert_eq!(scene.shown(), early.facts.serial);
    assert!(prometheus.told.is_empty(), "{:?}", prometheus.told);
}

/// Nobody looks any more: that is said, and not that renewal is late, which follows.
#[tokio::test(start_paused = true)]
async fn a_watcher_that_is_gone() {
    let scene = Scene::new(Strategy::RenameEach);
    let watching = scene.keep();
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, HOUR).await;
    watching.abort();
    prometheus.watch(&scene, 17 * HOUR).await;
    assert_eq!(prometheus.told, [["WatcherStuck"]]);
    let late = rule("IdentityLate").unwrap().when;
    assert!(prometheus.firing.holds(late), "and it is late");
}

/// It dies three times within an hour, and each time it is started again.
#[tokio::test(start_paused = true)]
async fn a_watcher_that_dies_again_and_again() {
    let scene = Scene::new(Strategy::RenameEach);
    let mut prometheus = Prometheus::new();
    scene.keep();
    prometheus.watch(&scene, HOUR).await;
    // A clock before 1970 has no time to give, and without one the watcher does not go on.
    let to_1960 = beginning().as_secs() as i64 + 10 * 365 * DAY.as_secs() as i64;
    for _ in 0..3 {
        scene.clock.step(-to_1960);
        let died = scene.log.all(&want("watcher_died")).len() + 1;
        scene
            .log
            .wait_for_nth(&want("watcher_died"), died, HOUR)
            .await;
        scene.clock.step(to_1960);
        prometheus.watch(&scene, 10 * MINUTE).await;
    }
    assert_eq!(prometheus.told, [["WatcherRestarts"]]);
    prometheus.watch(&scene, 2 * HOUR).await;
    assert_eq!(prometheus.told, [vec!["WatcherRestarts"], vec![]]);
}

/// The directory is away: its files are missing, and it cannot be watched. The first is said. When the
/// files are there and only the events are not, that is said.
#[tokio::test(start_paused = true)]
async fn a_watch_that_cannot_be_had() {
    let clock = Virtual::starting_at(beginning());
    let settings = Settings {
        events: Events::Wanted,
        ..polling()
    };
    let scene = Scene::with(Strategy::RenameEach, settings, clock.clone(), clock);
    scene.keep();
    let mut prometheus = Prometheus::new();
    prometheus.watch(&scene, HOUR).await;
    fs::remove_dir_all(scene.directory.path()).unwrap();
    prometheus.watch(&scene, HOUR).await;
    assert_eq!(prometheus.told, [["IdentityRejected"]]);
    let degraded = rule("WatchDegraded").unwrap().when;
    assert!(prometheus.firing.holds(degraded));

    let text = metrics(&scene.keeper);
    let alone = |line: &&str| !line.starts_with("identity_rejected_seconds ");
    let text: Vec<_> = text.lines().filter(alone).collect();
    let mut firing = Firing::default();
    let fires = [0, 5, 10].map(|minutes| firing.scrape(minutes * MINUTE, &text.join("\n")));
    assert_eq!(fires, [vec![], vec![], vec!["WatchDegraded"]]);
}

/// A health check that never completes a handshake is nothing new, and raises nothing. That half of
/// the handshakes fail where it was a quarter is new for an hour.
#[tokio::test(start_paused = true)]
async fn handshakes_that_fail() {
    let scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let address = server(&scene, AtTheEnd::ServeOn).await;
    let mut config = client::config(scene.agent.root_pem(), Options::default()).unwrap();
    Arc::make_mut(&mut config).time_provider = scene.clock.clone();
    let good = Client::with_config(config, "localhost").unwrap();
    let stranger = Authority::at(scene.clock.date()).unwrap();
    let bad = Client::new(stranger.root_pem(), "localhost", Options::default()).unwrap();
    let mut prometheus = Prometheus::new();
    let mut failed = 0;
    // In every ten minutes, so many handshakes complete and so many fail.
    for (tens, completed, failing) in [(12, 3, 1), (12, 1, 3)] {
        for _ in 0..tens {
            for _ in 0..completed {
                still(good.probe(address)).await.unwrap();
            }
            for _ in 0..failing {
                still(bad.probe(address)).await.unwrap_err();
                failed += 1;
            }
            let seen = want("handshake_failed");
            still(scene.log.wait_for_nth(&seen, failed, lab::BOUND)).await;
            prometheus.watch(&scene, 10 * MINUTE).await;
        }
        assert_eq!(
            prometheus.told.is_empty(),
            completed == 3,
            "{:?}",
            prometheus.told
        );
    }
    assert_eq!(prometheus.told, [vec!["HandshakesFailing"], vec![]]);
}

/// No descriptor is left for a while. Files cannot be opened either, and that is no fault of the agent's: one thing is
/// said. A single attempt that fails, since its client has gone, says nothing.
#[test]
fn clients_that_cannot_be_accepted() {
    let scrapes = |attempts: [u32; 4]| {
        let mut firing = Firing::default();
        let mut minutes = 0;
        attempts.map(|failed| {
            minutes += 5;
            let unreadable = if failed > 1 { 300 } else { 0 };
            let text = format!(
                "accepts_failed_total {failed}\nidentity_rejected_seconds {unreadable}\n\
                 trust_rejected_seconds {unreadable}\n"
            );
            firing.scrape(minutes * MINUTE, &text)
        })
    };
    assert!(scrapes([0, 1, 1, 1]).iter().all(Vec::is_empty));
    let [before, begun, goes_on, _] = scrapes([0, 6000, 12_000, 12_000]);
    assert!(before.is_empty(), "{before:?}");
    assert_eq!([begun, goes_on], [["AcceptsFailing"]; 2]);
}

/// A rule is silent for a rule that there is, and no two are silent for each other.
#[test]
fn the_rules_are_whole() {
    for rule in &RULES {
        for better in rule.unless {
            let better = self::rule(better).unwrap_or_else(|| panic!("{better}"));
            assert!(!better.unless.contains(&rule.alert), "{}", better.alert);
        }
    }
    let text = to_prometheus();
    let urgent = "identity_seconds_left <= identity_urgent_seconds\n          unless identity_seconds_left < 0\n";
    assert!(text.contains(urgent), "{text}");
}

/// Prometheus's own check takes the file that the program prints, and not one with an error in it.
#[test]
fn prometheus_takes_the_rules() {
    let Some(promtool) = lab_test::peer::find("promtool") else {
        return;
    };
    let directory = lab::directory().unwrap();
    let file = directory.path().join("rules.yml");
    let check = |rules: &str| {
        fs::write(&file, rules).unwrap();
        let check = Command::new(&promtool)
            .args(["check", "rules"])
            .arg(&file)
            .output();
        let check = check.unwrap();
        let said = [check.stdout, check.stderr].concat();
        (check.status.success(), String::from_utf8(said).unwrap())
    };
    let rules = to_prometheus();
    let (taken, said) = check(&rules);
    assert!(
        taken && said.contains(&format!("{} rules found", RULES.len())),
        "{said}"
    );
    let (taken, said) = check(&rules.replacen("unless", "unless unless", 1));
    assert!(!taken && said.contains("parse error"), "{said}");
}
