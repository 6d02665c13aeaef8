//! What is wanted of `level`. Each function is a check, and its comment says what has to hold.

use std::time::Duration;

use ch07_graceful_degradation::agents::agents;

use super::exercise::{Agent, Level, level};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Lifetimes of today, from an hour to the longest that public authorities may choose from 2029 on.
const LIFETIMES: [(i64, &str); 5] = [
    (HOUR, "1 hour"),
    (DAY, "24 hours"),
    (160 * HOUR, "160 hours"),
    (45 * DAY, "45 days"),
    (47 * DAY, "47 days"),
];

/// One agent of the chapter's table at work on leaves of one lifetime.
struct Case {
    agent: Agent,
    lifetime: i64,
    /// The seconds that it leaves at the end.
    spare: i64,
    /// The leaf and the agent, in a sentence.
    name: String,
}

/// Each agent with each lifetime.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (lifetime, name) in LIFETIMES {
        for of_the_chapter in agents(Duration::from_secs(lifetime as u64)) {
            let agent = Agent {
                renewed_by: of_the_chapter.to,
                tries_every: of_the_chapter.tries_every.as_secs() as i64,
            };
            cases.push(Case {
                agent,
                lifetime,
                spare: (lifetime as f64 * (1.0 - agent.renewed_by)) as i64,
                name: format!(
                    "A leaf of {name}, and this agent: {}, due after {:.2} of the lifetime at the latest, and trying every {} s.",
                    of_the_chapter.name, agent.renewed_by, agent.tries_every
                ),
            });
        }
    }
    cases
}

impl Case {
    fn at(&self, left: i64) -> Level {
        level(&self.agent, self.lifetime, left)
    }

    /// Whether two tries fit into the first half of the spare time.
    fn tries_often(&self) -> bool {
        4 * self.agent.tries_every <= self.spare
    }
}

/// A healthy agent raises no alarm, from the first second of each certificate to the last one before it is due.
pub fn a_healthy_agent_raises_no_alarm() {
    for case in cases() {
        // From the whole lifetime to the moment at which it renews, in fifty steps.
        let steps =
            (0..=50).map(|step| case.lifetime - (case.lifetime - case.spare - 1) * step / 50);
        let mut alarmed = steps.filter(|left| case.at(*left) != Level::Fresh);
        let first = alarmed.next().unwrap_or_default();
        assert!(
            first == 0,
            "{} It is healthy and not due yet, {first} s of {} s are left, and the level is {:?}. An alarm that rings while all is well is switched \
             off by its operators, and then it is silent when something breaks.",
            case.name,
            case.lifetime,
            case.at(first)
        );
    }
}

/// One failed try raises no alarm: the next one may succeed.
pub fn one_failed_try_raises_no_alarm() {
    for case in cases().iter().filter(|case| case.tries_often()) {
        // Shortly before the second one; a second more for answers that round in another way.
        let left = case.spare - 2 * case.agent.tries_every + 2;
        assert!(
            case.at(left) == Level::Fresh,
            "{} It has been due for {} s, so one try has failed, and its next try may succeed. The level is {:?} with {left} s left.",
            case.name,
            case.spare - left,
            case.at(left)
        );
    }
}

/// A dead agent is told while half of its spare time is left, however seldom it tries.
pub fn a_dead_agent_is_told_with_half_of_its_time_left() {
    for case in cases() {
        // A second less, for answers that round in another way.
        let left = case.spare / 2 - 1;
        let level = case.at(left);
        assert!(
            level >= Level::Late,
            "{} Half of its {} s of spare time are over, and the level is {level:?} with {left} s left. Where an agent tries too seldom for two tries to \
             be waited for, there must be time to act all the same.",
            case.name,
            case.spare
        );
    }
}

/// Where two tries have failed, renewal is late, and nothing is gained by waiting.
pub fn two_failed_tries_are_late() {
    for case in cases().iter().filter(|case| case.tries_often()) {
        let left = case.spare - 2 * case.agent.tries_every - 2;
        assert!(
            case.at(left) >= Level::Late,
            "{} Two tries have failed, {left} s are left, and the level is {:?}. An operator who is told now has {} s more to \
             look at it than one who is told at half of the spare time.",
            case.name,
            case.at(left),
            left - case.spare / 2
        );
    }
}

/// It becomes urgent after it was late, and with a quarter of the spare time left at the latest.
pub fn it_is_late_first_and_then_urgent() {
    for case in cases() {
        let early = case.at(case.spare / 2 + 2);
        assert!(
            early < Level::Urgent,
            "{} More than half of the spare time is left, and the level is {early:?}. `Urgent` wakes a person, and the agent may \
             still mend itself.",
            case.name
        );
        let late = (0..=100).any(|part| case.at(case.spare * part / 100) == Level::Late);
        assert!(
            late,
            "{} It goes from `Fresh` to `Urgent` and is never late. The first word of a dead agent wakes a person, who could have been told in the morning.",
            case.name
        );
        let level = case.at(case.spare / 4 - 1);
        assert!(
            level == Level::Urgent,
            "{} Less than a quarter of its {} s of spare time are left, and the level is {level:?}.",
            case.name,
            case.spare
        );
    }
}

/// In its last second a certificate is urgent, and a second later it has expired.
pub fn after_the_end_it_has_expired() {
    for case in cases() {
        let (last, after) = (case.at(0), case.at(-1));
        assert!(
            (last, after) == (Level::Urgent, Level::Expired),
            "{} The level is {last:?} in its last second, and {after:?} a second later. It is valid in the first of the two \
             (`notAfter` is inclusive), and not in the other.",
            case.name
        );
    }
}
