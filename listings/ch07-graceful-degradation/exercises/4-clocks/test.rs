//! What is wanted of `Health`. Each function is a check, and its comment says what has to hold.
//!
//! The monotonic clock is tokio's, paused: it moves when the check moves it. The wall clock follows it, and can be set.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ch07_graceful_degradation::clock::Virtual;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::time::{advance, pause};

use super::exercise::Health;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: i64 = 24 * 3600;
/// 1 January 2027.
const START: Duration = Duration::from_secs(1_798_761_600);

/// A server that starts with a certificate of a day, and its wall clock.
fn bench() -> (Health, Arc<Virtual>) {
    let clock = Virtual::starting_at(UnixTime::since_unix_epoch(START));
    let not_after = UnixTime::since_unix_epoch(START + HOUR * 24);
    (Health::new(clock.clone(), not_after), clock)
}

/// What is left, by a clock that can be read.
fn left_of(health: &Health) -> i64 {
    let left = health.seconds_left();
    left.expect("The wall clock can be read, and `seconds_left` is `None`.")
}

/// When the watcher is dead, the age grows.
pub async fn the_age_grows_when_the_watcher_is_dead() {
    pause();
    let (mut health, _) = bench();
    advance(MINUTE).await;
    health.looked();
    advance(HOUR).await;
    let age = health.look_age();
    advance(HOUR * 24 * 7).await;
    let in_a_week = health.look_age();
    assert!(
        age != HOUR || in_a_week == HOUR * (24 * 7 + 1),
        "The watcher looked and died. After a week and an hour, the age of its last look is {in_a_week:?}: it has a greatest value. An operator who is woken wants to know for how long \
         nothing was looked at."
    );
    assert!(
        age == HOUR,
        "The watcher looked and died, an hour passed, and the age of its last look is {age:?}. An age that the watcher sets stands still \
         when the watcher dies, at a healthy value. Let it be calculated when it is asked for."
    );
}

/// With each look the age begins anew.
pub async fn with_each_look_the_age_begins_anew() {
    pause();
    let (mut health, _) = bench();
    advance(MINUTE).await;
    health.looked();
    let age = health.look_age();
    assert!(
        age == Duration::ZERO,
        "The watcher has just looked, and the age of its look is {age:?}."
    );
    for look in 2..=4 {
        advance(MINUTE).await;
        health.looked();
        let age = health.look_age();
        assert!(
            age == Duration::ZERO,
            "The watcher looks once a minute and has just looked, as look number {look}, and the age of that look is {age:?}: the time of an earlier one was kept. A healthy watcher looks dead so. Each call \
             of `looked` replaces the time."
        );
    }
}

/// To set the wall clock changes no age.
pub async fn setting_the_wall_clock_changes_no_age() {
    pause();
    for (step, how) in [(2 * DAY, "ahead"), (-2 * DAY, "back")] {
        let (mut health, clock) = bench();
        health.looked();
        advance(MINUTE).await;
        clock.step(step);
        let age = health.look_age();
        assert!(
            age == MINUTE,
            "The watcher looked a minute ago, then the wall clock was set two days {how}, and the age of the look is {age:?}. Set ahead, a \
             healthy watcher looks dead; set back, a dead one looks healthy. An age is measured by the monotonic clock, which cannot be set."
        );
    }
}

/// The seconds that are left follow the wall clock: peers judge by it.
pub async fn the_end_follows_the_wall_clock() {
    pause();
    let (health, clock) = bench();
    advance(HOUR).await;
    let left = left_of(&health);
    assert!(
        left == 23 * 3600,
        "A certificate of a day was issued an hour ago, and {left} s are left in place of 82800."
    );
    clock.step(2 * 3600);
    let left = left_of(&health);
    assert!(
        left == 23 * 3600 - 2 * 3600,
        "The wall clock was set two hours ahead, to the right time perhaps, and {left} s are left in place of 75600. Peers ask their wall \
         clocks whether the certificate has expired. What was calculated before does not know that the clock was corrected."
    );
    clock.step(-2 * 3600);
    let left = left_of(&health);
    assert!(
        left == 23 * 3600,
        "The wall clock was set ahead and back again, and {left} s are left in place of 82800."
    );
    advance(MINUTE).await;
    clock.step(3);
    let left = left_of(&health);
    assert!(
        left == 82800 - 63,
        "A minute passed, the wall clock was set three seconds ahead, and {left} s are left in place of 82737. Leaves that live for an hour have alarms of seconds: round nothing."
    );
}

/// After the end, less than nothing is left.
pub async fn after_the_end_less_than_nothing_is_left() {
    pause();
    let (health, _) = bench();
    advance(HOUR * 24).await;
    let last = left_of(&health);
    advance(HOUR).await;
    let Ok(after) = catch_unwind(AssertUnwindSafe(|| health.seconds_left())) else {
        panic!(
            "The certificate ended an hour ago, and `seconds_left` panicked. A number without a sign cannot be less than nothing: subtract numbers that have one."
        )
    };
    let Some(after) = after else {
        panic!(
            "The certificate ended an hour ago, and `seconds_left` is `None`. That is for a wall clock that cannot be read: this one can, and says for how long clients have failed."
        )
    };
    assert!(
        (last, after) == (0, -3600),
        "{last} s are left in the certificate's last second, and {after} s an hour later; it should be 0 and -3600. An operator who is woken wants to \
         know for how long clients have failed."
    );
}

/// The age counts from the start, when the watcher has looked for the first time.
pub async fn the_age_counts_from_the_start() {
    pause();
    let (mut health, _) = bench();
    let first = health.look_age();
    advance(HOUR).await;
    let age = health.look_age();
    assert!(
        (first, age) == (Duration::ZERO, HOUR),
        "The server started, with a first look at the files, and the watcher died before its next one. The age of the last look was {first:?} at the start, and is {age:?} \
         an hour later. A watcher that never comes to its second look is dead as well."
    );
    let short = Duration::from_millis(1500);
    health.looked();
    advance(short).await;
    let age = health.look_age();
    assert!(
        age == short,
        "The watcher looked {short:?} ago, and the age of its look is {age:?}. Watchers look several times a second, and bounds are no whole seconds either."
    );
}

/// A wall clock that cannot be read, as in the first moments of a board without a battery.
#[derive(Debug)]
struct Unreadable;

impl TimeProvider for Unreadable {
    fn current_time(&self) -> Option<UnixTime> {
        None
    }
}

/// A wall clock that can be read in some moments.
#[derive(Debug)]
struct AtTimes(AtomicBool, Arc<Virtual>);

impl TimeProvider for AtTimes {
    fn current_time(&self) -> Option<UnixTime> {
        self.0.load(Ordering::Relaxed).then_some(())?;
        self.1.current_time()
    }
}

/// Whether it can be read is asked at each question, as the time is.
async fn it_is_asked_each_time() {
    let by = Virtual::starting_at(UnixTime::since_unix_epoch(START));
    let clock = Arc::new(AtTimes(AtomicBool::new(false), by));
    let not_after = UnixTime::since_unix_epoch(START + HOUR * 24);
    let health = Health::new(clock.clone(), not_after);
    advance(HOUR).await;
    clock.0.store(true, Ordering::Relaxed);
    let left = health.seconds_left();
    assert!(
        left == Some(82800),
        "The wall clock could not be read when the server started. An hour later it can be, and `seconds_left` is {left:?} in place of `Some(82800)`. Ask the clock at each question, and remember nothing of it."
    );
    clock.0.store(false, Ordering::Relaxed);
    advance(HOUR).await;
    let left = health.seconds_left();
    assert!(
        left.is_none(),
        "The wall clock could be read an hour ago, and now it cannot. `seconds_left` is {left:?}: the time of before, counted on. By how much that clock was set since then is not known: without a wall clock there is no answer."
    );
}

/// Without a clock, what is left is not known.
pub async fn without_a_clock_nothing_is_claimed() {
    pause();
    let not_after = UnixTime::since_unix_epoch(START);
    let health = Health::new(Arc::new(Unreadable), not_after);
    let said = catch_unwind(AssertUnwindSafe(|| health.seconds_left()));
    let said = said.unwrap_or_else(|_| {
        panic!("The wall clock cannot be read, and `seconds_left` panicked. The server goes on without it, and so does what it says of itself.")
    });
    assert!(
        said.is_none(),
        "The wall clock cannot be read, and `seconds_left` is {said:?}. Whatever number stands in the place of the time, this is a figure without a measurement, and with 1970 it is the healthiest of all: \
         say `None`."
    );
    it_is_asked_each_time().await;
}
