//! When an agent renews: by lot, never late, and again when it failed. Time is virtual.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ch09_simulating_rotation::rotate::{Hook, Rotation, Wrong};
use ch09_simulating_rotation::schedule::{LATEST, LONGEST, SHORTEST, Schedule, pause};
use ch09_simulating_rotation::{Site, Writer};
use fastrand::Rng;
use lab::authority::{Authority, LeafRequest};
use lab::chain::facts_of_pem;
use lab::emit;
use lab::log::want;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use tokio::time::Instant;

const BIRTH: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);
const DAY: Duration = Duration::from_secs(24 * 3600);
const USUAL: Schedule = Schedule {
    at: 2.0 / 3.0,
    jitter: 0.1,
};

/// The part of a day's leaf after which it is renewed.
fn drawn(schedule: Schedule, lot: &mut Rng) -> f64 {
    let due = schedule.due((BIRTH, BIRTH + DAY), lot);
    (due - BIRTH) / time::Duration::DAY
}

#[test]
fn the_lot_is_even() {
    const DRAWS: u32 = 100_000;
    let mut lot = Rng::with_seed(9);
    let (mut sum, mut tenths) = (0.0, [0u32; 10]);
    for _ in 0..DRAWS {
        let part = drawn(USUAL, &mut lot);
        let within = (part - (USUAL.at - USUAL.jitter / 2.0)) / USUAL.jitter;
        assert!((0.0..1.0).contains(&within), "{part}");
        sum += part;
        tenths[(within * 10.0) as usize] += 1;
    }
    let mean = sum / f64::from(DRAWS);
    assert!((mean - USUAL.at).abs() < 0.001, "{mean}");
    // Five standard deviations of a tenth of the draws.
    let (expected, allowed) = (DRAWS / 10, 475);
    let even = |count: &u32| count.abs_diff(expected) <= allowed;
    assert!(tenths.iter().all(even), "{tenths:?}");
}

#[test]
fn a_seed_makes_it_the_same_lot() {
    let draws = |seed| {
        let mut lot = Rng::with_seed(seed);
        std::array::from_fn::<_, 8, _>(|_| drawn(USUAL, &mut lot).to_bits())
    };
    assert_eq!(draws(1), draws(1));
    assert_ne!(draws(1), draws(2));
}

#[test]
fn it_is_never_late() {
    let mut lot = Rng::with_seed(1);
    for (step, width) in (0..=9).flat_map(|step| (1..=9).map(move |width| (step, width))) {
        let schedule = Schedule {
            at: f64::from(step) / 10.0,
            jitter: f64::from(width) / 10.0,
        };
        let mut parts: Vec<_> = (0..1000).map(|_| drawn(schedule, &mut lot)).collect();
        parts.sort_by(f64::total_cmp);
        let ends = (parts[0], parts[999]);
        assert!(
            ends.0 >= 0.0 && ends.1 <= LATEST + 1e-9,
            "{schedule:?}: {ends:?}"
        );
        // And nobody was moved to where others are: what is drawn has its whole width.
        assert!(
            ends.1 - ends.0 > 0.97 * schedule.jitter,
            "{schedule:?}: {ends:?}"
        );
        parts.dedup();
        assert!(
            parts.len() > 990,
            "{schedule:?}: {} different ones",
            parts.len()
        );
    }
}

/// The leaves of a fleet that was started together, and how many of its agents come in one second.
#[test]
fn a_fleet_without_jitter_comes_at_once() {
    let busiest = |jitter| {
        let schedule = Schedule { jitter, ..USUAL };
        let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
        for agent in 0..10_000 {
            let mut lot = Rng::with_seed(agent);
            let due = schedule.due((BIRTH, BIRTH + DAY), &mut lot);
            *seconds.entry(due.unix_timestamp()).or_default() += 1;
        }
        seconds.into_values().max().unwrap()
    };
    assert_eq!(busiest(0.0), 10_000);
    // Spread over 8,640 seconds: about one a second, and chance makes some more.
    assert!(busiest(0.1) <= 10, "{}", busiest(0.1));
}

#[test]
fn pauses_double_and_leave_time_for_another_try() {
    let mut lot = Rng::with_seed(3);
    let whole = DAY / 100;
    for failures in 1..=4 {
        let expected = whole * (1 << (failures - 1));
        for _ in 0..100 {
            let pause = pause(failures, DAY, DAY, &mut lot);
            let expected = expected.min(Duration::from_secs(3600));
            assert!(
                (expected / 2..=expected).contains(&pause),
                "{failures}: {pause:?}"
            );
        }
    }
    // From any moment, as long as there are moments.
    for left in [DAY, DAY / 7, Duration::from_secs(60), 3 * SHORTEST] {
        for failures in [1, 2, 10, 40, u32::MAX] {
            assert!(pause(failures, DAY, left, &mut lot) < left);
        }
    }
    // After the end it goes on, and does not hammer.
    let late = pause(7, DAY, Duration::ZERO, &mut lot);
    assert!(
        late >= SHORTEST / 2 && late <= Duration::from_secs(3600),
        "{late:?}"
    );
}

/// Each bound by itself, where no other one is shorter.
#[test]
fn a_pause_is_bound_by_what_is_left_and_by_the_lifetime() {
    let mut lot = Rng::with_seed(4);
    let mut within = |(failures, lifetime, left), whole: Duration| {
        for _ in 0..100 {
            let pause = pause(failures, lifetime, left, &mut lot);
            assert!((whole / 2..=whole).contains(&pause), "{whole:?}: {pause:?}");
        }
    };
    let (minute, lifetime) = (Duration::from_secs(60), Duration::from_secs(1000));
    // Half of what is left.
    within((10, DAY, minute), minute / 2);
    // After the end, a tenth of the lifetime, where the first pauses are shorter.
    within((7, lifetime, Duration::ZERO), lifetime / 10);
    within((1, lifetime, Duration::ZERO), lifetime / 100);
    // An hour, of whatever lifetime.
    within((1, 1000 * DAY, 1000 * DAY), LONGEST);
    within((7, 1000 * DAY, Duration::ZERO), LONGEST);
    // No failure is as one.
    within((0, lifetime, lifetime), lifetime / 100);
    let short = Duration::from_secs(1);
    assert_eq!(pause(1, short, short, &mut lot), SHORTEST);
}

/// An agent for a day's leaf in `directory`, by tokio's clock.
fn agent(directory: &Path) -> (Rotation, impl Fn() -> OffsetDateTime + Clone + use<>) {
    let start = Instant::now();
    let now = move || BIRTH + start.elapsed();
    let authority = Authority::at(BIRTH).unwrap();
    let rotation = Rotation {
        authority,
        site: Site::new(directory, Writer::VaultAgent),
        request: LeafRequest {
            lifetime: DAY,
            ..LeafRequest::new("localhost")
        },
        schedule: USUAL,
        lot: Rng::with_seed(5),
        wrong: Wrong::default(),
        hook: Hook::default(),
        now: Arc::new(now),
    };
    (rotation, now)
}

fn not_after(directory: &Path) -> OffsetDateTime {
    let pem = fs::read(directory.join("tls.crt")).unwrap();
    let date = facts_of_pem(&pem).unwrap().not_after;
    OffsetDateTime::parse(&date, &Rfc3339).unwrap()
}

/// Ten days, looked at every five minutes: what lies there is always good for a while.
#[tokio::test(start_paused = true)]
async fn what_lies_there_never_expires() {
    let (log, _guard) = emit::capture();
    let directory = lab::directory().unwrap();
    let (mut rotation, now) = agent(directory.path());
    let path = directory.path().to_owned();
    let looking = async {
        for _ in 0..10 * 24 * 12 {
            tokio::time::sleep(Duration::from_secs(300)).await;
            let left = not_after(&path) - now();
            assert!(left >= DAY.mul_f64(0.28), "{left} left");
        }
    };
    tokio::select! {
        // So many are too many. Without a number, an agent that is always late would never end.
        () = rotation.run(Some(100)) => panic!("it wrote a hundred times"),
        () = looking => {}
    }
    let writes = log.all(&want("rotation_started")).len();
    // A renewal after two thirds of a day, by lot: 15 in ten days, one more or less.
    assert!((14..=17).contains(&writes), "{writes}");
    assert_eq!(log.all(&want("renewal_scheduled")).len(), writes);
    log.assert_none(&want("renewal_failed"));
}

/// The directory is away for an hour from before the renewal on. It is tried again and again, at
/// growing distances, and succeeds once it can.
#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again() {
    let (log, _guard) = emit::capture();
    let directory = lab::directory().unwrap();
    let (here, away) = (directory.path().join("site"), directory.path().join("away"));
    fs::create_dir(&here).unwrap();
    let (mut rotation, now) = agent(&here);
    let unplugging = async {
        tokio::time::sleep(Duration::from_secs(14 * 3600)).await;
        fs::rename(&here, &away).unwrap();
        // The renewal is due between 14.8 and 17.2 hours.
        tokio::time::sleep(Duration::from_secs(4 * 3600)).await;
        fs::rename(&away, &here).unwrap();
    };
    tokio::join!(rotation.run(Some(2)), unplugging);
    let left = not_after(&here) - now();
    assert_eq!(left.whole_hours(), 23, "renewed just now");
    assert!(now() - BIRTH < DAY, "and before the end");

    let failed = log.all(&want("renewal_failed"));
    let numbers: Vec<_> = failed
        .iter()
        .map(|f| f.number("failures").unwrap())
        .collect();
    let expected: Vec<_> = (1..=failed.len() as u64).collect();
    assert_eq!(numbers, expected);
    let pauses: Vec<_> = failed
        .iter()
        .map(|f| f.0["retry_seconds"].as_f64().unwrap())
        .collect();
    assert!((3..=8).contains(&pauses.len()), "{pauses:?}");
    assert!(
        pauses[1] > pauses[0] / 2.0 && pauses[2] > pauses[0],
        "{pauses:?}"
    );
    let why = failed[0].text("why").unwrap();
    assert!(why.contains("site"), "the directory is named: {why}");
}

/// A pause is never so long that the leaf ends meanwhile: one last try comes shortly before.
#[tokio::test(start_paused = true)]
async fn there_is_a_try_shortly_before_the_end() {
    let (log, _guard) = emit::capture();
    let directory = lab::directory().unwrap();
    let here = directory.path().join("site");
    fs::create_dir(&here).unwrap();
    let (mut rotation, now) = agent(&here);
    let tries = async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        fs::remove_dir_all(&here).unwrap();
        let mut last = BIRTH;
        let mut failures = 0;
        while now() < BIRTH + DAY {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let count = log.all(&want("renewal_failed")).len();
            if count > failures && now() < BIRTH + DAY {
                (failures, last) = (count, now());
            }
        }
        let missed = BIRTH + DAY - last;
        assert!(
            missed < time::Duration::seconds(10),
            "the last try was {missed} before"
        );
        // And after it: the site comes back, an hour late.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        fs::create_dir(&here).unwrap();
    };
    tokio::join!(rotation.run(Some(2)), tries);
    assert!(not_after(&here) > now());
}

/// Each of its bounds, at the bound.
#[test]
fn a_pause_is_never_too_short_or_too_long() {
    let (mut lot, second) = (Rng::with_seed(4), Duration::from_secs(1));
    let mut drawn = Vec::new();
    for _ in 0..100 {
        // Of what is left, half at the most.
        let late = pause(10, DAY, 60 * second, &mut lot);
        assert!((15 * second..=30 * second).contains(&late), "{late:?}");
        drawn.push(late);
        // When nothing is left, a tenth of the lifetime.
        let over = pause(10, 1000 * second, Duration::ZERO, &mut lot);
        assert!((50 * second..=100 * second).contains(&over), "{over:?}");
        let short = pause(1, second, second / 1000, &mut lot);
        assert_eq!(short, SHORTEST);
        let long = pause(u32::MAX, 100 * DAY, 100 * DAY, &mut lot);
        assert!((LONGEST / 2..=LONGEST).contains(&long), "{long:?}");
    }
    // A fleet that failed together does not come back together.
    drawn.sort();
    drawn.dedup();
    assert!(drawn.len() > 90, "{} different ones", drawn.len());
}

/// A machine that was suspended, or whose clock was set, learns of it within a minute.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_over_the_renewal_is_noticed() {
    let (log, _guard) = emit::capture();
    let directory = lab::directory().unwrap();
    let (mut rotation, now) = agent(directory.path());
    let jump = Arc::new(AtomicU64::new(0));
    let jumped = jump.clone();
    rotation.now = Arc::new(move || now() + Duration::from_secs(jumped.load(Ordering::Relaxed)));
    let suspended = async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(log.all(&want("rotation_started")).len(), 1);
        jump.store(17 * 3600, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert_eq!(log.all(&want("rotation_started")).len(), 2);
    };
    tokio::join!(rotation.run(Some(2)), suspended);
}

/// Failures in a row: one that succeeded ends the row.
#[tokio::test(start_paused = true)]
async fn a_success_ends_a_row_of_failures() {
    let (log, _guard) = emit::capture();
    let directory = lab::directory().unwrap();
    let (here, away) = (directory.path().join("site"), directory.path().join("away"));
    fs::create_dir(&here).unwrap();
    let (mut rotation, _) = agent(&here);
    let unplugging = async {
        for write in 1..=2 {
            log.wait_for_nth(&want("renewal_scheduled"), write, 2 * DAY)
                .await;
            fs::rename(&here, &away).unwrap();
            let failed = want("renewal_failed").with("failures", 2);
            log.wait_for_nth(&failed, write, 2 * DAY).await;
            fs::rename(&away, &here).unwrap();
        }
    };
    tokio::join!(rotation.run(Some(3)), unplugging);
    let first = log.all(&want("renewal_failed").with("failures", 1));
    assert_eq!(first.len(), 2, "{first:?}");
}

/// A command that does not end holds the agent up for so long, and no longer.
#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_end_is_given_up() {
    let (log, _guard) = emit::capture();
    let hook = Hook {
        command: Some("sleep 1000".into()),
        ..Hook::default()
    };
    let began = Instant::now();
    hook.tell().await;
    assert_eq!(began.elapsed().as_secs(), 30);
    log.assert_order(&[want("hook_failed").with("hook", "command")]);
}
