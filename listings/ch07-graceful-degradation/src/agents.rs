//! When the agents of the world renew, and what follows for the alarms. The sources stand in
//! chapter 9.

use std::time::Duration;

use crate::budget::Renewal;

/// An agent at work on leaves of one lifetime.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agent {
    /// Its name.
    pub name: &'static str,
    /// The part of the lifetime after which it renews at the earliest.
    pub from: f64,
    /// And at the latest.
    pub to: f64,
    /// The longest time from one look to the next, or from a first failed try to the second.
    pub tries_every: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

// ANCHOR: agents
/// The agents, as they treat leaves of this lifetime.
pub fn agents(lifetime: Duration) -> [Agent; 9] {
    let agent = |name, at: f64, around: f64, tries_every| Agent {
        name,
        from: at - around,
        to: at + around,
        tries_every,
    };
    // Let's Encrypt's advice, certbot's choice, and the centre of the window in ARI.
    let acme = if lifetime < 10 * DAY { 0.5 } else { 2.0 / 3.0 };
    let pause = (lifetime / 50).min(HOUR);
    [
        agent("chapter 9's", 2.0 / 3.0, 0.05, pause),
        // Its timer fires twice a day, each time up to twelve hours late.
        agent("certbot", acme, 0.0, DAY),
        agent("certbot, by ARI", acme, 0.01, DAY),
        agent("cert-manager", 2.0 / 3.0, 0.0, HOUR),
        // Its proxy asks again, with a back-off that stays below a minute.
        agent("Istio", 0.5, 0.01, MINUTE),
        // 4 minutes, and a tenth of jitter.
        agent("SPIRE", 0.5, 0.05, Duration::from_secs(264)),
        agent("Vault, secret", 0.9, 0.05, MINUTE),
        agent("Vault, pkiCert", 0.9, 0.0, MINUTE),
        // It waits for nine tenths of what is left, and once more if that was less than 0.889.
        agent("OpenBao pkiCert", 0.941, 0.05, MINUTE),
    ]
}
// ANCHOR_END: agents

impl Agent {
    /// What a server is told of it.
    pub fn renewal(&self) -> Renewal {
        Renewal {
            by: self.to,
            tries_every: self.tries_every,
        }
    }

    /// Whether it has the time for two tries in what it leaves of this lifetime.
    pub fn has_time(&self, lifetime: Duration) -> bool {
        2 * self.tries_every < lifetime.mul_f64(1.0 - self.to)
    }
}

/// The agents and the thresholds for them, for the lifetimes of today: a table for a person, as narrow as a phone.
pub fn table() -> String {
    let lifetimes = [
        (45 * DAY, "45 days"),
        (160 * HOUR, "160 hours"),
        (DAY, "24 hours"),
        (HOUR, "1 hour"),
    ];
    let mut text = String::new();
    for (lifetime, name) in lifetimes {
        text += &line([name, "renewed by", "late", "urgent"].map(String::from));
        for agent in agents(lifetime) {
            let by = short(lifetime.mul_f64(agent.to));
            let [late, urgent] = if agent.has_time(lifetime) {
                let thresholds = agent.renewal().thresholds(seconds(lifetime), MINUTE);
                let left = |seconds: i64| short(Duration::from_secs(seconds.unsigned_abs()));
                [left(thresholds.late), left(thresholds.urgent)]
            } else {
                ["tries too seldom".into(), String::new()]
            };
            text += &line([agent.name.into(), by, late, urgent]);
        }
    }
    text
}

fn line([agent, by, late, urgent]: [String; 4]) -> String {
    let line = format!("{agent:<15} {by:<10} {late:<8} {urgent}");
    line.trim_end().to_owned() + "\n"
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A time in the largest unit of which it has at least one and a half, rounded to a tenth.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round();
    let units = [(86400.0, "d"), (3600.0, "h"), (60.0, "min")];
    let [.., smallest] = units;
    let fits = |(size, _): &(f64, &str)| seconds >= 1.5 * size;
    let (size, unit) = units.into_iter().find(fits).unwrap_or(smallest);
    format!("{:.1} {unit}", seconds / size)
}
