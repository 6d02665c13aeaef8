//! Which of the [`crate::alerts`] fire, given what `/metrics` said at each scrape: as Prometheus
//! would find, for the shapes that a [`Condition`] has.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::alerts::{Condition, RULES, Rule, rule};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Further back looks no condition.
const KEPT: Duration = Duration::from_secs(2 * 3600);

/// What one scrape said.
#[derive(Clone, Debug)]
struct Scrape {
    at: Duration,
    values: BTreeMap<String, f64>,
}

/// The scrapes so far, and the alerts that wait or fire.
#[derive(Clone, Debug, Default)]
pub struct Firing {
    scrapes: VecDeque<Scrape>,
    // Since when each rule has held.
    held: [Option<Duration>; RULES.len()],
}

impl Firing {
    /// Takes a scrape of `at`, a time since any beginning, and evaluates the rules. Returns the
    /// alerts that fire now.
    pub fn scrape(&mut self, at: Duration, text: &str) -> Vec<&'static str> {
        let values = text.lines().filter_map(series).collect();
        self.scrapes.push_back(Scrape { at, values });
        while self.scrapes.front().is_some_and(|old| at - old.at > KEPT) {
            self.scrapes.pop_front();
        }
        let holds: Vec<_> = RULES.iter().map(|rule| self.told(rule)).collect();
        for (held, holds) in self.held.iter_mut().zip(holds) {
            *held = holds.then(|| held.unwrap_or(at));
        }
        let fires = |(rule, held): (&'static Rule, &Option<Duration>)| {
            let since = (*held)?;
            (at - since >= MINUTE * rule.minutes as u32).then_some(rule.alert)
        };
        RULES.iter().zip(&self.held).filter_map(fires).collect()
    }

    /// Whether the rule's condition holds, and no other rule's tells it better.
    fn told(&self, this: &Rule) -> bool {
        let better = |alert: &&str| rule(alert).is_some_and(|other| self.holds(other.when));
        self.holds(this.when) && !this.unless.iter().any(better)
    }

    // ANCHOR: holds
    /// Whether a condition holds at the last scrape. Of what was not said, nothing holds.
    pub fn holds(&self, condition: Condition) -> bool {
        let compare = |one, other, holds: fn(&f64, &f64) -> bool| match (one, other) {
            (Some(one), Some(other)) => holds(&one, &other),
            _ => false,
        };
        match condition {
            Condition::Above(gauge, number) => compare(self.now(gauge), Some(number), f64::gt),
            Condition::Over(gauge, other) => compare(self.now(gauge), self.now(other), f64::gt),
            Condition::Below(gauge, number) => compare(self.now(gauge), Some(number), f64::lt),
            Condition::Within(gauge, other) => compare(self.now(gauge), self.now(other), f64::le),
            Condition::Grew(counter, by, minutes) => {
                let grew = self.grew(counter, minutes, Duration::ZERO);
                compare(grew, Some(by), f64::ge)
            }
            Condition::ShareRose(counters, by, minutes) => {
                let now = self.share(counters, minutes, Duration::ZERO);
                let before = self.share(counters, minutes, HOUR);
                let rose = compare(now, before.map(|before| before + by), f64::gt);
                let grew = |ago| self.grew(counters[0], minutes, ago);
                let then = grew(HOUR).map(|then| then * (1.0 + by));
                rose && compare(grew(Duration::ZERO), then, f64::gt)
            }
        }
    }
    // ANCHOR_END: holds

    fn now(&self, series: &str) -> Option<f64> {
        self.scrapes.back()?.values.get(series).copied()
    }

    /// By how much a counter grew in the minutes before `ago`. A counter that fell began anew.
    fn grew(&self, counter: &str, minutes: u64, ago: Duration) -> Option<f64> {
        let end = self.scrapes.back()?.at.checked_sub(ago)?;
        let begin = end.saturating_sub(MINUTE * minutes as u32);
        let within = self
            .scrapes
            .iter()
            .filter(|scrape| (begin..=end).contains(&scrape.at));
        let values: Vec<_> = within
            .filter_map(|scrape| scrape.values.get(counter))
            .collect();
        let steps = values.windows(2).map(|pair| match pair[1] - pair[0] {
            grown if grown < 0.0 => *pair[1],
            grown => grown,
        });
        (values.len() > 1).then(|| steps.sum())
    }

    /// The share of the first counter. None where neither grew.
    fn share(&self, [part, rest]: [&str; 2], minutes: u64, ago: Duration) -> Option<f64> {
        let part = self.grew(part, minutes, ago)?;
        let whole = part + self.grew(rest, minutes, ago)?;
        (whole > 0.0).then(|| part / whole)
    }
}

/// The series of a line, and its value. The rules ask for none that has labels.
fn series(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.split_once(' ')?;
    let plain = !name.starts_with('#') && !name.ends_with('}');
    plain.then(|| Some((name.to_owned(), value.parse().ok()?)))?
}
