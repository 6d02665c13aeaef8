//! An agent, by the chapter's schedule: when it renews, and how long it waits.

use std::sync::LazyLock;
use std::time::Duration;

use ch09_simulating_rotation::schedule::{Schedule, pause};
use fastrand::Rng;
use time::OffsetDateTime;

/// How many lots are drawn to see where they lie.
const LOTS: u64 = 100_000;

/// An agent, and the leaves that it renews.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agent {
    /// How long a leaf is valid.
    pub lifetime: Duration,
    /// When it is renewed.
    pub schedule: Schedule,
}

/// A try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// So many have failed in a row.
    pub failures: u32,
    /// What is left of the lifetime; zero where the leaf has expired.
    pub left: Duration,
}

impl Agent {
    /// One of some usual ones.
    pub(super) fn drawn(rng: &mut Rng) -> Self {
        let hours = [1, 24, 240][rng.usize(..3)];
        let schedule = Schedule {
            at: [0.5, 0.6, 0.7, 0.8, 0.85][rng.usize(..5)],
            jitter: [0.0, 0.1, 0.2][rng.usize(..3)],
        };
        Self {
            lifetime: Duration::from_secs(hours * 3600),
            schedule,
        }
    }

    /// When a leaf is renewed at the earliest and at the latest, to a thousandth of its lifetime.
    pub fn renews(&self) -> [Duration; 2] {
        let birth = OffsetDateTime::UNIX_EPOCH;
        let due = |lot| {
            let mut lot = Rng::with_seed(lot);
            let due = self.schedule.due((birth, birth + self.lifetime), &mut lot);
            Duration::try_from(due - birth).unwrap_or_default()
        };
        let thousandth = self.lifetime / 1000;
        ends().map(due).map(|end| {
            let thousandths = end.div_duration_f64(thousandth).round();
            thousandth.mul_f64(thousandths)
        })
    }

    /// How long it waits after a failure: the shortest and the longest pause, to a second.
    pub fn waits(&self, failure: Failure) -> [Duration; 2] {
        let Failure { failures, left } = failure;
        let wait = |lot| pause(failures, self.lifetime, left, &mut Rng::with_seed(lot));
        ends()
            .map(wait)
            .map(|end| Duration::from_secs(end.as_secs_f64().round() as u64))
    }
}

impl Failure {
    /// Two of them: one with some of the lifetime left, one perhaps without.
    pub(super) fn drawn(rng: &mut Rng, agent: &Agent) -> [Self; 2] {
        let mut percents = [0, 1, 2, 5, 10, 20];
        rng.shuffle(&mut percents);
        [percents[0], percents[1]].map(|percent| Self {
            failures: rng.u32(1..8),
            left: agent.lifetime * percent / 100,
        })
    }
}

/// The lots that draw the least and the most, of so many. What is drawn rises with the lot.
fn ends() -> [u64; 2] {
    static ENDS: LazyLock<[u64; 2]> = LazyLock::new(|| {
        let drawn = |lot: &u64| Rng::with_seed(*lot).f64();
        let by = |a: &u64, b: &u64| drawn(a).total_cmp(&drawn(b));
        let (least, most) = ((0..LOTS).min_by(by), (0..LOTS).max_by(by));
        [least.unwrap_or_default(), most.unwrap_or_default()]
    });
    *ENDS
}

/// Two ends, or the one that both are.
pub(super) fn between(first: Duration, last: Duration) -> String {
    match first == last {
        true => span(first),
        false => format!("from {} to {}", span(first), span(last)),
    }
}

/// Hours, minutes and seconds, without what is zero.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = parts
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    words.join(" ")
}
