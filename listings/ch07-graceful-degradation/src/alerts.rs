//! What to be woken for: the rules, once, as data. [`to_prometheus`] writes them as Prometheus reads
//! them; [`crate::firing`] says which of them fire. The chapter shows the one, and its tests run the
//! other.

use std::fmt::{self, Write};

// ANCHOR: rule
/// One alert.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub alert: &'static str,
    /// Whether it wakes somebody.
    pub severity: Severity,
    /// What must hold.
    pub when: Condition,
    /// For how many minutes it must have held at each evaluation.
    pub minutes: u64,
    /// The alerts that tell the same fault better: while the condition of one holds, this one is
    /// silent. One fault, one alarm.
    pub unless: &'static [&'static str],
    /// What is wrong, for whoever reads it at night.
    pub summary: &'static str,
}

/// How fast somebody must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// In working hours.
    Warning,
    /// Now.
    Page,
}

/// What must hold, of what `/metrics` says.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// A gauge is above a number.
    Above(&'static str, f64),
    /// A gauge is above another one.
    Over(&'static str, &'static str),
    /// A gauge is below a number.
    Below(&'static str, f64),
    /// A gauge is not above another one.
    Within(&'static str, &'static str),
    /// A counter has grown by so much within so many minutes.
    Grew(&'static str, f64, u64),
    /// Of two counters, the first one's share of what both grew within so many minutes is larger, by
    /// so much, than it was an hour before; and the first itself has grown by more than that share of
    /// what it grew then. Where only the second stands still, nothing is wrong: clients go home.
    ShareRose([&'static str; 2], f64, u64),
}
// ANCHOR_END: rule

// ANCHOR: rules
/// Every alert. No condition has a label, so that `unless` finds its like.
pub const RULES: [Rule; 15] = {
    use Condition::*;
    use Severity::*;
    [
        Rule {
            alert: "IdentityLate",
            severity: Warning,
            when: Within("identity_seconds_left", "identity_late_seconds"),
            minutes: 0,
            unless: &[
                "IdentityUrgent",
                "IdentityRejected",
                "WatcherStuck",
                "ClockStepped",
            ],
            summary: "the agent was due, and two tries brought nothing",
        },
        Rule {
            alert: "IdentityUrgent",
            severity: Page,
            when: Within("identity_seconds_left", "identity_urgent_seconds"),
            minutes: 0,
            unless: &["IdentityExpired", "ClockStepped"],
            summary: "half of the time to renew is over",
        },
        Rule {
            alert: "IdentityExpired",
            severity: Page,
            when: Below("identity_seconds_left", 0.0),
            minutes: 0,
            unless: &["ClockStepped"],
            summary: "what is served has expired: new clients fail",
        },
        Rule {
            alert: "IdentityRejected",
            severity: Warning,
            when: Above("identity_rejected_seconds", 120.0),
            minutes: 0,
            unless: &[
                "PeersReject",
                "IdentityExpired",
                "ClockStepped",
                "AcceptsFailing",
            ],
            summary: "what the agent wrote is not valid, and stays so: see identity_rejected",
        },
        Rule {
            alert: "PeersReject",
            severity: Page,
            when: Above("identity_peers_reject", 0.0),
            minutes: 0,
            unless: &[],
            summary: "the trust anchors of today do not accept what is served",
        },
        Rule {
            alert: "TrustRejected",
            severity: Warning,
            when: Above("trust_rejected_seconds", 120.0),
            minutes: 0,
            unless: &["AcceptsFailing"],
            summary: "the file of trust anchors is not valid: those of before stay in force",
        },
        Rule {
            alert: "TrustExpired",
            severity: Warning,
            when: Above("trust_expired_since_start", 0.0),
            minutes: 0,
            unless: &["IdentityExpired", "ClockStepped"],
            summary: "a trust anchor has expired: see trust_expired",
        },
        Rule {
            alert: "NamesLost",
            severity: Page,
            when: Above("identity_names_lost", 0.0),
            minutes: 0,
            unless: &[],
            summary: "the renewal lacks names that were served: see names_lost",
        },
        Rule {
            alert: "KeyExposed",
            severity: Page,
            when: Above("identity_key_opened", 0.0),
            minutes: 0,
            unless: &[],
            summary: "other users can read the key, and could not at the start",
        },
        Rule {
            alert: "ClockStepped",
            severity: Page,
            when: Grew("clock_steps_total", 1.0, 60),
            minutes: 0,
            unless: &[],
            summary: "the wall clock was set: what is said of expiry may be the clock's fault",
        },
        Rule {
            alert: "WatcherStuck",
            severity: Page,
            when: Over("identity_look_age_seconds", "identity_look_bound_seconds"),
            minutes: 0,
            unless: &[],
            summary: "nothing looks at the files: no renewal will be served",
        },
        Rule {
            alert: "WatcherRestarts",
            severity: Warning,
            when: Grew("watcher_restarts_total", 3.0, 60),
            minutes: 0,
            unless: &["WatcherStuck"],
            summary: "the watcher dies again and again: see watcher_died",
        },
        Rule {
            alert: "WatchDegraded",
            severity: Warning,
            when: Above("identity_watch_degraded", 0.0),
            minutes: 10,
            unless: &["IdentityRejected"],
            summary: "no events of the file system: renewals are seen a poll later",
        },
        // Twenty attempts are made in a second: one that a client spoiled is no five seconds of them.
        Rule {
            alert: "AcceptsFailing",
            severity: Page,
            when: Grew("accepts_failed_total", 100.0, 10),
            minutes: 0,
            unless: &[],
            summary: "clients cannot be accepted, and wait: see accept_failed",
        },
        Rule {
            alert: "HandshakesFailing",
            severity: Page,
            when: ShareRose(
                ["handshakes_failed_total", "handshakes_completed_total"],
                0.25,
                10,
            ),
            minutes: 5,
            unless: &[
                "IdentityExpired",
                "PeersReject",
                "NamesLost",
                "ClockStepped",
            ],
            summary: "more handshakes fail than an hour ago",
        },
    ]
};
// ANCHOR_END: rules

/// The rule of this name.
pub fn rule(alert: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.alert == alert)
}

/// The rules as a file of Prometheus.
pub fn to_prometheus() -> String {
    let mut text = String::from("groups:\n  - name: identity\n    rules:\n");
    for rule in &RULES {
        let severity = match rule.severity {
            Severity::Warning => "warning",
            Severity::Page => "page",
        };
        let others = rule.unless.iter().filter_map(|alert| self::rule(alert));
        let unless = others.map(|other| format!("\nunless {}", other.when));
        let expression = format!("{}{}", rule.when, unless.collect::<String>());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "      - alert: {}\n        expr: |-", rule.alert);
        for line in expression.lines() {
            let _ = writeln!(text, "          {line}");
        }
        if rule.minutes > 0 {
            let _ = writeln!(text, "        for: {}m", rule.minutes);
        }
        let _ = write!(
            text,
            "        labels: {{severity: {severity}}}\n        annotations: {{summary: \"{}\"}}\n",
            rule.summary
        );
    }
    text
}

/// In PromQL.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above(gauge, number) => write!(f, "{gauge} > {number}"),
            Self::Over(gauge, other) => write!(f, "{gauge} > {other}"),
            Self::Below(gauge, number) => write!(f, "{gauge} < {number}"),
            Self::Within(gauge, other) => write!(f, "{gauge} <= {other}"),
            Self::Grew(counter, by, minutes) => {
                write!(f, "increase({counter}[{minutes}m]) >= {by}")
            }
            Self::ShareRose(counters, by, minutes) => {
                let now = share(*counters, *minutes, "");
                let before = share(*counters, *minutes, " offset 1h");
                let [part, _] = counters;
                let grew = format!("increase({part}[{minutes}m]");
                let more = format!("{grew})\n  > {} * {grew} offset 1h)", 1.0 + by);
                write!(f, "{now}\n- {before}\n> {by}\nand {more}")
            }
        }
    }
}

fn share([part, rest]: [&str; 2], minutes: u64, offset: &str) -> String {
    let grew = |counter: &str| format!("increase({counter}[{minutes}m]{offset})");
    format!("{0} / (\n  {0}\n  + {1})", grew(part), grew(rest))
}
