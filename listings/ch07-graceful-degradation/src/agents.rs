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
    /// The longest time from one look, or one failed try, to the next.
    pub tries_every: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

// ANCHOR: agents
/// The agents, as they treat leaves of this lifetime.
pub fn agents(lifetime: Duration) -> [Agent; 8] {
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
        agent("SPIRE", 0.5, 0.05, 4 * MINUTE),
        agent("Vault, secret", 0.9, 0.05, MINUTE),
        agent("Vault, pkiCert", 0.9, 0.0, MINUTE),
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

/// The agents and the thresholds for them, for the lifetimes of today: a table for a person.
pub fn table() -> String {
    let lifetimes = [
        (45 * DAY, "45 days"),
        (160 * HOUR, "160 hours"),
        (DAY, "24 hours"),
        (HOUR, "1 hour"),
    ];
    let titles = [
        "leaves of",
        "agent",
        "renewed by",
        "late with",
        "urgent with",
    ];
    let mut text = line(titles.map(String::from));
    for (lifetime, name) in lifetimes {
        for agent in agents(lifetime) {
            let by = short(lifetime.mul_f64(agent.to));
            let [late, urgent] = if agent.has_time(lifetime) {
                let thresholds = agent.renewal().thresholds(seconds(lifetime), MINUTE);
                let left = |seconds: i64| short(Duration::from_secs(seconds.unsigned_abs()));
                [left(thresholds.late), left(thresholds.urgent) + " left"]
            } else {
                ["it tries too seldom".into(), String::new()]
            };
            text += &line([name.into(), agent.name.into(), by, late, urgent]);
        }
    }
    text
}

fn line([lifetime, agent, by, late, urgent]: [String; 5]) -> String {
    let line = format!("{lifetime:<10} {agent:<15} {by:<12} {late:<12} {urgent}");
    line.trim_end().to_owned() + "\n"
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// A time in its two largest units, the rest cut off.
fn short(duration: Duration) -> String {
    let minutes = duration.as_secs_f64().round() / 60.0;
    if minutes < 10.0 {
        return format!("{minutes:.1} min");
    }
    let minutes = minutes as u64;
    let counts = [minutes / 1440, minutes / 60 % 24, minutes % 60];
    let parts = counts.into_iter().zip(["d", "h", "min"]);
    let parts = parts.skip_while(|(count, _)| *count == 0).take(2);
    let parts = parts.filter(|(count, _)| *count > 0);
    let words: Vec<_> = parts
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    words.join(" ")
}
