//! What is wanted of `pause`. Each function is a check, and its comment says what has to hold.
//!
//! Time is counted, and no check waits.

use std::ops::RangeInclusive;
use std::panic;
use std::time::Duration;

use super::exercise::pause;

const HOUR: Duration = Duration::from_secs(3600);
const LIFETIMES: [(Duration, &str); 4] = [
    (HOUR, "1 hour"),
    (HOUR.saturating_mul(24), "24 hours"),
    (HOUR.saturating_mul(160), "160 hours"),
    (HOUR.saturating_mul(47 * 24), "47 days"),
];
/// An agent that tries so often has tried often enough to be stopped.
const MANY: usize = 10_000;
/// From two thirds of the lifetime to the end. A pause that doubles, and then halves what is left, needs about 30.
const ENOUGH: usize = 200;
/// In a third of the lifetime after the end, where pauses do not grow any more.
const ENOUGH_AFTER: usize = 500;
/// No pause before the end is shorter, unless it reaches the end.
const BRIEF: Duration = Duration::from_millis(100);
/// How long a renewal takes that is quick.
const RENEWS: Duration = Duration::from_secs(3);

/// The shortest and the longest of many pauses: they may be drawn.
fn of_many(failures: u32, lifetime: Duration, left: Duration) -> [Duration; 2] {
    let pauses = || (0..1000).map(|_| pause(failures, lifetime, left));
    [pauses().min(), pauses().max()].map(Option::unwrap_or_default)
}

/// When an agent tries whose authority is away until `back`: after which times since the certificate's beginning. The last
/// try finds the authority, or is one too many.
fn tries(lifetime: Duration, first: Duration, back: Duration) -> Vec<Duration> {
    let mut at = first;
    let mut tries = vec![at];
    while at < back && tries.len() < MANY {
        let failures = tries.len() as u32;
        let waits = pause(failures, lifetime, lifetime.saturating_sub(at));
        at = at.saturating_add(waits);
        tries.push(at);
    }
    tries
}

/// Tries are made between the return of the authority and the end, whenever it returns within these thousandths.
fn a_try_follows_its_return(within: RangeInclusive<u32>) {
    for (lifetime, name) in LIFETIMES {
        // The first try comes after two thirds of the lifetime, give or take a twentieth.
        let firsts = (617..=717).step_by(5);
        let cases = firsts.flat_map(|first| within.clone().map(move |back| (first, back)));
        for (first, thousandths) in cases {
            let back = lifetime * thousandths / 1000;
            let tries = tries(lifetime, lifetime * first / 1000, back);
            let [.., before, last] = tries.as_slice() else {
                continue;
            };
            assert!(
                *last < lifetime,
                "A leaf of {name}: the authority came back when {:.1} % of the lifetime were over, {} s before the end. The last try \
                 had failed {} s before the end, and the next one comes {} s after it: the pause outlasts the certificate. Bound it by \
                 what is left. A smallest pause counts as well: it has to be short beside the lifetime.",
                f64::from(thousandths) / 10.0,
                (lifetime - back).as_secs(),
                (lifetime - *before).as_secs(),
                (*last - lifetime).as_secs()
            );
            // Of an authority that was back shortly before the end, less cannot be asked.
            assert!(
                thousandths > 980 || *last + RENEWS <= lifetime,
                "A leaf of {name}: the authority came back {} s before the end, and the next try comes {:.1} s before it. A renewal that \
                 begins so late is not over before the end: to renew takes some seconds. Take a part of what is left, and try while \
                 there is time.",
                (lifetime - back).as_secs(),
                (lifetime - *last).as_secs_f64()
            );
        }
    }
}

/// A short outage costs little: the first pause is a twentieth of the lifetime at most, and it is a pause.
pub fn a_short_outage_costs_little() {
    for (lifetime, name) in LIFETIMES {
        let [least, first] = of_many(1, lifetime, lifetime / 3);
        assert!(
            first <= lifetime / 20,
            "A leaf of {name}: the authority was away for a second, and after the first failure the agent waits for {} s. Most outages \
             are short. A twentieth of the lifetime, {} s, is long enough.",
            first.as_secs(),
            (lifetime / 20).as_secs()
        );
        assert!(
            least >= Duration::from_secs(1),
            "A leaf of {name}: after the first failure the agent waits for {least:?}. What has just failed fails again a moment later, and an authority that is \
             overloaded gets every request twice. A second is short enough. A lot may lengthen a pause, or take a part of it away, and not all of it."
        );
    }
}

/// Whenever the authority comes back before the end, there is a try between that moment and the end.
pub fn whenever_the_authority_is_back_a_try_comes_before_the_end() {
    a_try_follows_its_return(670..=980);
}

/// After the end the agent goes on, neither without a pause nor after a very long one.
pub fn after_the_end_it_goes_on() {
    for (lifetime, name) in LIFETIMES {
        let [least, waits] = of_many(10, lifetime, Duration::ZERO);
        assert!(
            least >= Duration::from_secs(1),
            "A leaf of {name} has expired, and the agent tries again after {least:?}: without a pause, it hammers the authority, and the \
             whole fleet does so at the same time. Half of what is left is nothing when nothing is left."
        );
        assert!(
            waits <= lifetime / 4,
            "A leaf of {name} has expired, and the agent waits for {} s: the renewal is not tried again for more than a quarter of the \
             lifetime. New clients fail meanwhile. An expired certificate is a reason to go on.",
            waits.as_secs()
        );
    }
}

/// An authority that is down is not hammered.
pub fn an_authority_that_is_down_is_not_hammered() {
    for (lifetime, name) in LIFETIMES {
        let tries = tries(lifetime, lifetime * 2 / 3, lifetime);
        let many = if tries.len() < MANY { "" } else { " or more" };
        assert!(
            tries.len() <= ENOUGH,
            "A leaf of {name}: the authority was away from two thirds of the lifetime to the end, and {}{many} tries came before the end, \
             of one agent. A fleet of a thousand keeps it down. {ENOUGH} are more than enough: let pauses grow with the lifetime, and \
             give them a smallest length.",
            tries.len()
        );
        for left in [Duration::from_millis(150), Duration::from_millis(20)] {
            let waits = pause(20, lifetime, left);
            assert!(
                waits >= BRIEF || waits >= left,
                "A leaf of {name} ends in {left:?}, and the agent tries again after {waits:?}. Half of what is left gets smaller without an end, and the tries \
                 of a whole fleet come ever faster when all its certificates are about to end. A pause is bounded from below as well: a second is short enough."
            );
        }
    }
    a_long_outage_is_tried_less_often();
}

/// As much is left at the tenth failure as at the first, so what is left is no reason for a short pause.
fn a_long_outage_is_tried_less_often() {
    for (lifetime, name) in LIFETIMES {
        let [first, tenth] = [1, 10].map(|failures| of_many(failures, lifetime, lifetime / 3)[1]);
        assert!(
            tenth >= first + first / 4,
            "A third of a leaf of {name} is left. After the first failure the agent waits for {first:?}, and after ten in a row, with as much left, for {tenth:?}. An outage that has lasted for ten tries is no short one, and \
             until it ends the whole fleet goes on asking as often as at first. Let the pause grow with the number of failures, until what is left bounds it."
        );
    }
}

/// A long outage is no trouble, however many failures there were.
pub fn a_long_outage_is_no_trouble() {
    let first = pause(1, HOUR, Duration::ZERO);
    for failures in [20, 33, 100, u32::MAX] {
        let waits = panic::catch_unwind(|| pause(failures, HOUR, Duration::ZERO));
        assert!(
            waits
                .as_ref()
                .is_ok_and(|waits| *waits >= first / 4 && *waits <= HOUR),
            "After {failures} failures in a row `pause` panics, or the pause is far too short or too long: the doubling has overflowed. An outage of a weekend \
             is enough for that. Bound the number of doublings."
        );
        let waits = waits.unwrap_or_default();
        assert!(
            waits <= HOUR / 4,
            "A leaf of 1 hour has expired, and after {failures} failures in a row the agent waits for {} s, more than a quarter of the lifetime: the pause goes on growing when \
             the end is over, and the authority may be back for most of that time. New clients fail meanwhile. What bounds the pause after the end has to bound it however many failures \
             there were.",
            waits.as_secs()
        );
    }
    // A pause may be drawn: the longest of several counts.
    let longest = |failures| (0..20).map(|_| pause(failures, HOUR, HOUR)).max();
    let (longest, grown) = (
        |failures| longest(failures).unwrap_or_default(),
        longest(16).unwrap_or_default(),
    );
    for failures in 17..=100 {
        let waits = longest(failures);
        assert!(
            waits >= grown / 4,
            "After 16 failures in a row the pause is {grown:?}, and after {failures} it is {waits:?}: it has begun anew. To bound the number of doublings is to take \
             the smaller of two numbers. The rest of a division goes back to nothing."
        );
    }
    long_leaves_are_no_trouble();
}

/// Leaves of half a year and of a year, as authorities have issued them for long.
fn long_leaves_are_no_trouble() {
    let day = HOUR * 24;
    // A pause may be drawn: the longest of several counts.
    let longest = |failures, lifetime, left| {
        let pauses = || (0..20).map(|_| pause(failures, lifetime, left)).max();
        panic::catch_unwind(pauses).ok().flatten()
    };
    let after_47_days = longest(30, day * 47, Duration::ZERO).unwrap_or_default();
    for days in [100, 200, 398] {
        let (lifetime, mut before) = (day * days, Duration::ZERO);
        for failures in 1..=64 {
            let waits = longest(failures, lifetime, lifetime / 3);
            assert!(
                waits.is_some_and(|waits| waits >= before / 4),
                "A leaf of {days} days, with a third of that left: after {failures} failures in a row {}. It was {before:?} before. Something has overflowed: a number of doublings that is well for a lifetime of days is too much for one of a year, \
                 where nanoseconds, or milliseconds, are counted in whole numbers. A `Duration` holds longer times than these: `saturating_mul` ends at its greatest.",
                waits.map_or("`pause` panics".into(), |waits| format!(
                    "the pause is {waits:?}"
                ))
            );
            before = before.max(waits.unwrap_or_default());
        }
        let after = longest(30, lifetime, Duration::ZERO).unwrap_or_default();
        assert!(
            after >= after_47_days / 4,
            "A leaf of {days} days has expired, and the agent waits for {after:?}; after the end of one of 47 days it waits for {after_47_days:?}. Something has overflowed: 32 bits of milliseconds end at 49 days, and begin anew. Calculate with the `Duration` \
             itself, which holds longer times than these."
        );
    }
}

/// Nor is it hammered after the end.
pub fn after_the_end_it_is_not_hammered_either() {
    for (lifetime, name) in LIFETIMES {
        let (mut waited, mut tries) = (Duration::ZERO, 0);
        while waited < lifetime / 3 && tries < MANY {
            tries += 1;
            waited += pause(30 + tries as u32, lifetime, Duration::ZERO);
        }
        let many = if tries < MANY { "" } else { " or more" };
        assert!(
            tries <= ENOUGH_AFTER,
            "A leaf of {name} has expired, and the authority stays away for another third of the lifetime: {tries}{many} tries of one agent. \
             The whole fleet has expired with it, so the authority meets all of them whenever it comes back, and goes down again. After the end, let \
             the pause be a part of the lifetime: there is nothing left of which it could be one."
        );
    }
}

/// The last try comes shortly before the end.
pub fn the_last_try_comes_shortly_before_the_end() {
    a_try_follows_its_return(981..=995);
}
