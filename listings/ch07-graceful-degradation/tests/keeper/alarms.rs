//! The expiry budget: who is told, when, and how often.

use ch07_graceful_degradation::budget::{Level, Renewal, Thresholds, Window};
use ch07_graceful_degradation::clock::Virtual;
use ch07_graceful_degradation::policy::AtTheEnd;
use lab::agent::{Agent, Strategy};
use lab::authority::{Authority, LeafRequest};
use lab::log::want;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use tokio::time::sleep;

use super::scene::{DAY, HOUR, MINUTE, POLL, Scene, beginning};

/// Nobody renews: each threshold is told once, within a poll of its time.
#[tokio::test(start_paused = true)]
async fn each_threshold_once() {
    let scene = Scene::new(Strategy::Bundle);
    scene.keep();
    sleep(3 * DAY).await;
    let told = scene.log.all(&want("identity_expiring"));
    let told: Vec<_> = told
        .iter()
        .map(|e| {
            (
                e.text("level").unwrap(),
                e.0["seconds_left"].as_i64().unwrap(),
            )
        })
        .collect();
    let poll = POLL.as_secs() as i64;
    for ((level, left), (wanted, at)) in told
        .iter()
        // Half a day, less two tries and a poll; half of that; nothing.
        .zip([("late", 28_500), ("urgent", 14_250), ("expired", -1)])
    {
        assert_eq!(level, wanted);
        assert!((at - poll..=at).contains(left), "{level}: {left}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
    scene.log.assert_none(&want("clock_stepped"));
    scene.log.assert_none(&want("alarm_cleared"));
}

/// An agent that renews in time is never heard of.
#[tokio::test(start_paused = true)]
async fn no_alarm_while_the_agent_works() {
    let mut scene = Scene::new(Strategy::Symlink);
    scene.keep();
    for _ in 0..14 {
        sleep(DAY / 2).await;
        let next = scene.rotate();
        scene.loads(&next).await;
    }
    scene.log.assert_none(&want("identity_expiring"));
    scene.log.assert_none(&want("alarm_cleared"));
}

#[tokio::test(start_paused = true)]
async fn a_new_generation_clears_the_alarm_and_may_earn_its_own() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let expiring = |generation: u64, level: &str| {
        want("identity_expiring")
            .with("generation", generation)
            .with("level", level)
    };
    scene.log.wait_for(&expiring(1, "urgent"), 2 * DAY).await;
    let next = scene.rotate();
    scene.loads(&next).await;
    scene.log.wait_for(&expiring(2, "urgent"), 2 * DAY).await;

    // This one has lived for all but an hour when it is written: as urgent as the one before.
    scene.clock.step(-23 * 3600);
    let stale = scene.issue(|_| ());
    scene.clock.step(23 * 3600);
    scene.agent.write(&stale).unwrap();
    scene.log.wait_for(&expiring(3, "urgent"), HOUR).await;
    scene.log.assert_order(&[
        expiring(1, "late"),
        expiring(1, "urgent"),
        want("identity_loaded").with("generation", 2),
        want("alarm_cleared")
            .with("generation", 2)
            .with("level", "fresh"),
        expiring(2, "late"),
        expiring(2, "urgent"),
        want("identity_loaded").with("generation", 3),
        expiring(3, "urgent"),
    ]);
    assert_eq!(scene.log.all(&want("identity_expiring")).len(), 5);
    assert_eq!(scene.log.all(&want("alarm_cleared")).len(), 1);
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(beginning().as_secs() + seconds))
}

fn leaf(lifetime: Duration) -> CertificateDer<'static> {
    leaf_from(Duration::ZERO, lifetime)
}

fn leaf_from(starts_after: Duration, lifetime: Duration) -> CertificateDer<'static> {
    let directory = lab::directory().unwrap();
    let clock = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = clock.enter();
    let date = Virtual::starting_at(beginning()).date();
    let mut agent = Agent::at(directory.path(), Strategy::Bundle, date).unwrap();
    let request = LeafRequest {
        starts_after,
        lifetime,
        ..LeafRequest::new("localhost")
    };
    agent.authority().set_clock(time_at(date));
    let issued = agent.authority().issue(&request).unwrap();
    CertificateDer::from_pem_slice(issued.chain_pem.as_bytes()).unwrap()
}

/// The date without its fraction of a second.
fn time_at(date: time::OffsetDateTime) -> time::OffsetDateTime {
    date.replace_nanosecond(0).unwrap()
}

#[test]
fn a_level_begins_with_its_second() {
    let window = Window::of(&[leaf(6 * MINUTE)]).unwrap();
    let two_and_one = Thresholds {
        late: 120,
        urgent: 60,
    };
    for (seconds, level) in [
        (0, Level::Fresh),
        (239, Level::Fresh),
        (240, Level::Late),
        (299, Level::Late),
        (300, Level::Urgent),
        (360, Level::Urgent),
        (361, Level::Expired),
    ] {
        assert_eq!(
            window.level(at(seconds), two_and_one),
            level,
            "after {seconds} s"
        );
        assert_eq!(window.seconds_left(at(seconds)), 360 - seconds as i64);
        assert_eq!(window.contains(at(seconds)), level != Level::Expired);
    }
}

/// A chain is as short-lived as the shortest of its certificates, which may be an intermediate.
#[test]
fn a_chain_ends_with_the_first_that_expires() {
    let (short, long) = (leaf(MINUTE), leaf(HOUR));
    for chain in [[short.clone(), long.clone()], [long, short]] {
        let window = Window::of(&chain).unwrap();
        assert_eq!(window.seconds_left(at(0)), 60);
        assert!(!window.contains(at(61)));
    }
    // And it begins with the last of them that does.
    let (now, soon) = (leaf(HOUR), leaf_from(MINUTE, HOUR));
    for chain in [[now.clone(), soon.clone()], [soon, now]] {
        let window = Window::of(&chain).unwrap();
        assert!(!window.contains(at(59)) && window.contains(at(60)));
        assert_eq!(window.lifetime(), 59 * 60);
    }
    assert_eq!(Window::of(&[]), None);
    assert_eq!(Window::of(&[CertificateDer::from(vec![1])]), None);
}

/// A certificate that is sent and that nobody needs ends nothing: not readiness, not a handshake.
#[tokio::test(start_paused = true)]
async fn an_expired_certificate_that_nobody_needs_is_no_alarm() {
    let mut scene = Scene::new(Strategy::RenameEach);
    scene.keep();
    let old = Authority::at(scene.clock.date() - 20 * 365 * DAY).unwrap();
    let mut issued = scene.issue(|_| ());
    issued.chain_pem.push_str(old.root_pem());
    scene.agent.write(&issued).unwrap();
    scene.loads(&issued).await;
    scene.log.assert_none(&want("identity_expiring"));
    scene.keeper.ready().unwrap();
    let shown = scene.shown_under(AtTheEnd::RefuseHandshakes).unwrap();
    assert_eq!(shown.serial, issued.facts.serial);
    // The rest of the chain is needed, and still counts.
    let expired = want("identity_expiring").with("level", "expired");
    scene.log.wait_for(&expired, 2 * DAY).await;
}

/// The thresholds follow from the agent: when it is due at the latest, and how often it tries.
#[test]
fn thresholds_leave_the_agent_two_tries() {
    let late = |by, tries_every, lifetime: Duration| {
        let renewal = Renewal { by, tries_every };
        let thresholds = renewal.thresholds(lifetime.as_secs() as i64, MINUTE);
        assert_eq!(thresholds.urgent, thresholds.late / 2);
        thresholds.late
    };
    // A day's leaf, a third of which is left: eight hours, less two tries of an hour and a poll.
    assert_eq!(late(0.75, HOUR, DAY), 6 * 3600 - 2 * 3600 - 60);
    // Two tries take longer than half of what is left, or longer than all of it.
    assert_eq!(late(0.75, 2 * HOUR, DAY), 3 * 3600);
    assert_eq!(late(0.75, DAY, DAY), 3 * 3600);
    assert_eq!(late(0.75, Duration::MAX, DAY), 3 * 3600);
    // An agent that renews at the last moment leaves no time, and overflows nothing.
    assert_eq!(late(1.0, Duration::ZERO, DAY), 0);
    let unknown = Renewal::UNKNOWN.thresholds(i64::MAX, Duration::MAX);
    assert!(unknown.late > unknown.urgent && unknown.urgent > 0);
}
