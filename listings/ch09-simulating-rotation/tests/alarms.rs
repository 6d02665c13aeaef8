//! Chapter 7's alerts beside this chapter's writers and schedules: silent while all is well, and of
//! each sabotage they say one thing. Time is virtual.

use std::sync::Arc;
use std::time::Duration;

use ch02_hot_reload::identity::Source;
use ch03_handshake_hook::watch::Events;
use ch05_race_conditions::{Options, Reader};
use ch07_graceful_degradation::agents::{Agent, agents};
use ch07_graceful_degradation::budget::Renewal;
use ch07_graceful_degradation::clock::Virtual;
use ch07_graceful_degradation::firing::Firing;
use ch07_graceful_degradation::health::metrics;
use ch07_graceful_degradation::{Keeper, Settings};
use ch09_simulating_rotation::rotate::{Hook, Rotation, Wrong};
use ch09_simulating_rotation::schedule::{LATEST, Schedule, pause};
use ch09_simulating_rotation::{Sabotage, Site, Writer};
use fastrand::Rng;
use lab::authority::{Authority, LeafRequest};
use lab::log::want;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::{Instant, advance, sleep};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const RENEWALS: usize = 8;

/// An authority, a writer, a keeper and Prometheus under one clock.
struct Scene {
    clock: Arc<Virtual>,
    began: Instant,
    authority: Authority,
    site: Site,
    request: LeafRequest,
    keeper: Arc<Keeper>,
    firing: Firing,
    _directory: tempfile::TempDir,
}

impl Scene {
    /// The first leaf is there. The server looks for others where the test tells it to, and has no
    /// patience with a writer that is at work.
    fn new(writer: Writer, renewal: Renewal, lifetime: Duration) -> Self {
        let clock = Virtual::starting_at(UnixTime::since_unix_epoch(1_798_761_600 * SECOND));
        let directory = lab::directory().unwrap();
        let mut authority = Authority::at(clock.date()).unwrap();
        let mut site = Site::new(directory.path(), writer);
        site.write_roots(authority.root_pem()).unwrap();
        let request = LeafRequest {
            lifetime,
            ..LeafRequest::new("localhost")
        };
        authority.set_clock(clock.date());
        site.write(&authority.issue(&request).unwrap()).unwrap();
        let settings = Settings {
            events: Events::PollOnly,
            poll: lifetime / 100,
            look_bound: 2 * lifetime,
            renewal,
        };
        let reader = Reader::new(Options {
            rest: Duration::ZERO,
            ..Options::default()
        });
        let source = Source::localhost(site.files());
        let keeper = Keeper::start_by(reader, source, clock.clone(), settings).unwrap();
        Self {
            clock,
            began: Instant::now(),
            authority,
            site,
            request,
            keeper,
            firing: Firing::default(),
            _directory: directory,
        }
    }

    fn scrape(&mut self) -> Vec<&'static str> {
        self.firing
            .scrape(self.began.elapsed(), &metrics(&self.keeper))
    }

    /// Looks, and says what fires.
    fn look(&mut self) -> Vec<&'static str> {
        self.keeper.look(self.clock.current_time().unwrap());
        self.scrape()
    }

    /// Renews now, and the server looks. With `between`, it also looks after each step of the
    /// writer, which then was slow. Returns what fired.
    fn renew(&mut self, between: bool) -> Vec<&'static str> {
        self.authority.set_clock(self.clock.date());
        let issued = self.authority.issue(&self.request).unwrap();
        let mut site = self.site.again();
        let mut told = Vec::new();
        let written = site.write_stepwise(&issued, |_| {
            if between {
                told.extend(self.look());
            }
        });
        written.unwrap();
        told.extend(self.look());
        let current = self.keeper.store().current();
        assert_eq!(current.identity.facts, issued.facts, "it is served");
        told
    }

    /// Lets so much time pass, in so many parts, and scrapes after each.
    async fn pass(&mut self, time: Duration, parts: u32) -> Vec<&'static str> {
        let mut told = Vec::new();
        for _ in 0..parts {
            advance(time / parts).await;
            told.extend(self.scrape());
        }
        told
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// Eight renewals by a healthy agent. Some come as late as they may, after one try that failed.
async fn eight_renewals(writer: Writer, agent: Agent, lifetime: Duration) {
    let mut scene = Scene::new(writer, agent.renewal(), lifetime);
    let mut lot = Rng::with_seed(7);
    for renewal in 0..RENEWALS {
        let part = agent.from + (agent.to - agent.from) * lot.f64();
        let due = match renewal % 3 {
            0 => lifetime.mul_f64(part),
            1 => lifetime.mul_f64(part) + agent.tries_every,
            _ => lifetime.mul_f64(agent.to) + agent.tries_every,
        };
        let mut told = scene.pass(due, 3).await;
        told.extend(scene.renew(renewal % 2 == 0));
        assert!(
            told.is_empty(),
            "{writer:?}, {agent:?}, renewal {renewal}: {told:?}"
        );
    }
    assert_eq!(scene.keeper.store().current().number, 1 + RENEWALS as u64);
}

/// Every writer under the schedule of every agent.
#[tokio::test(start_paused = true)]
async fn no_alarm_while_all_is_well() {
    let mut met = 0;
    for agent in agents(45 * DAY) {
        for writer in Writer::ALL {
            eight_renewals(writer, agent, 45 * DAY).await;
            met += 1;
        }
    }
    assert_eq!(met, 9 * 15);
}

/// Shorter leaves, of each agent that has the time for two tries: one writer stands for all.
#[tokio::test(start_paused = true)]
async fn no_alarm_with_shorter_leaves() {
    let mut met = 0;
    for lifetime in [160 * HOUR, DAY, HOUR] {
        for agent in agents(lifetime) {
            if agent.has_time(lifetime) {
                eight_renewals(Writer::VaultAgent, agent, lifetime).await;
                met += 1;
            }
        }
    }
    assert_eq!(met, 9 + 7 + 5);
}

/// A server that was told nothing of its agent cries at none of them but one.
#[tokio::test(start_paused = true)]
async fn no_alarm_of_a_server_that_was_told_nothing() {
    for lifetime in [45 * DAY, 160 * HOUR, DAY, HOUR] {
        let (usual, late): (Vec<Agent>, Vec<Agent>) = agents(lifetime)
            .into_iter()
            .partition(|agent| agent.to < Renewal::UNKNOWN.by + 0.01);
        let [late] = late[..] else {
            panic!("OpenBao's alone is later: {late:?}");
        };
        let mut scene = Scene::new(Writer::Kubelet, Renewal::UNKNOWN, lifetime);
        let told = scene.pass(lifetime.mul_f64(late.to), 3).await;
        assert_eq!(told, ["IdentityUrgent"], "{late:?} has to be told");
        for agent in usual {
            let mut scene = Scene::new(Writer::Kubelet, Renewal::UNKNOWN, lifetime);
            for _ in 0..2 {
                let mut told = scene.pass(lifetime.mul_f64(agent.to), 3).await;
                told.extend(scene.renew(true));
                assert!(told.is_empty(), "{agent:?} of {lifetime:?}: {told:?}");
            }
        }
    }
}

/// The other side: an agent that is dead is told of while half of the time to mend it is left.
#[tokio::test(start_paused = true)]
async fn a_dead_agent_is_told_of_in_time() {
    for lifetime in [45 * DAY, 160 * HOUR, DAY, HOUR] {
        for agent in agents(lifetime) {
            let mut scene = Scene::new(
                Writer::Bare(lab::agent::Strategy::Bundle),
                agent.renewal(),
                lifetime,
            );
            let due = lifetime.mul_f64(agent.to);
            assert_eq!(scene.pass(due, 4).await, [""; 0], "{agent:?}");
            let half = (lifetime - due) / 2;
            let told = scene.pass(half + SECOND, 1).await;
            assert_eq!(told, ["IdentityLate"], "{agent:?} of {lifetime:?}");
            let told = scene.pass(half - 2 * SECOND, 1).await;
            assert_eq!(told, ["IdentityUrgent"], "{agent:?} of {lifetime:?}");
            assert_eq!(scene.pass(2 * SECOND, 1).await, ["IdentityExpired"]);
        }
    }
}

/// Each kind of sabotage is told of, as one thing, and no longer once a good write has mended it. Of
/// a slow writer nothing is said, and nothing of a leaf that is held until it becomes valid.
#[tokio::test(start_paused = true)]
async fn each_sabotage_raises_one_alarm() {
    let agent = agents(DAY)[0];
    for sabotage in Sabotage::ALL {
        let mut scene = Scene::new(Writer::VaultAgent, agent.renewal(), DAY);
        scene.authority.set_clock(scene.clock.date());
        let mut site = scene.site.again();
        sabotage
            .apply(&mut site, &mut scene.authority, "localhost")
            .unwrap();
        assert!(
            scene.look().is_empty(),
            "{sabotage:?}: a writer may be at work"
        );
        scene.pass(MINUTE, 1).await;
        assert!(scene.look().is_empty(), "{sabotage:?}: and be slow");
        scene.pass(2 * MINUTE, 1).await;
        let told: &[_] = match sabotage {
            Sabotage::NotYetValid => &[],
            _ => &["IdentityRejected"],
        };
        assert_eq!(scene.look(), told, "{sabotage:?}");
        scene.renew(true);
        assert!(scene.look().is_empty(), "{sabotage:?}: mended");
    }
}

/// This chapter's agent itself, by its own clock, and the keeper's own watcher. Nothing is logged that
/// anybody would be woken for.
#[tokio::test(start_paused = true)]
async fn this_agent_and_that_watcher() {
    for (at, jitter) in [(2.0 / 3.0, 0.1), (0.9, 0.0)] {
        let (log, _capturing) = lab::emit::capture();
        let schedule = Schedule { at, jitter };
        let renewal = Renewal {
            by: (at + jitter / 2.0).min(LATEST),
            tries_every: agents(DAY)[0].tries_every,
        };
        let mut scene = Scene::new(Writer::VaultAgent, renewal, DAY);
        let dates = scene.clock.clone();
        let mut rotation = Rotation {
            authority: scene.authority,
            site: scene.site.again(),
            request: scene.request.clone(),
            schedule,
            lot: Rng::with_seed(9),
            wrong: Wrong::default(),
            hook: Hook::default(),
            now: Arc::new(move || dates.date()),
        };
        scene
            .site
            .write_roots(rotation.authority.root_pem())
            .unwrap();
        let keeping = scene.keeper.clone().keep();
        let scraping = async {
            loop {
                sleep(10 * MINUTE).await;
                let told = scene
                    .firing
                    .scrape(scene.began.elapsed(), &metrics(&scene.keeper));
                assert_eq!(told, [""; 0], "{schedule:?}");
            }
        };
        tokio::select! {
            () = rotation.run(Some(RENEWALS as u64)) => {}
            () = scraping => {}
        }
        keeping.abort();
        assert!(log.all(&want("identity_loaded")).len() >= RENEWALS);
        for alarm in [
            "identity_rejected",
            "identity_expiring",
            "trust_rejected",
            "trust_expired",
            "watcher_died",
        ] {
            log.assert_none(&want(alarm));
        }
    }
}

/// What chapter 7 says of this chapter's agent is what this chapter's agent does.
#[test]
fn chapter_7_knows_this_agent() {
    let usual = Schedule {
        at: 2.0 / 3.0,
        jitter: 0.1,
    };
    for lifetime in [45 * DAY, 160 * HOUR, DAY, HOUR] {
        let agent = agents(lifetime)[0];
        let (from, to) = (usual.at - usual.jitter / 2.0, usual.at + usual.jitter / 2.0);
        assert!((agent.from - from).abs() < 1e-9 && (agent.to - to).abs() < 1e-9);
        let mut lot = Rng::with_seed(3);
        let second = |_| pause(2, lifetime, lifetime / 4, &mut lot);
        let longest = (0..100).map(second).max().unwrap();
        assert!(longest <= agent.tries_every, "{lifetime:?}: {longest:?}");
    }
}
