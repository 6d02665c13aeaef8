//! Alarms from an hour to 47 days.

/// When the agent that writes the files renews them.
#[derive(Clone, Copy, Debug)]
pub struct Agent {
    /// The part of the lifetime, from 0 to 1, after which it is due at the latest.
    pub renewed_by: f64,
    /// While it is due, it tries once in so many seconds.
    pub tries_every: i64,
}

/// How alarmed to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The agent is not due, or has not had the time for two tries.
    Fresh,
    /// Two tries brought nothing. It may still mend itself.
    Late,
    /// Somebody must act.
    Urgent,
    /// Nothing is left.
    Expired,
}

/// How alarmed to be about a certificate that lives for `lifetime` seconds and has `left`
/// seconds left: 0 in its last second, and less than 0 after its end.
pub fn level(agent: &Agent, lifetime: i64, left: i64) -> Level {
    // What a healthy agent leaves at the end.
    let spare = (lifetime as f64 * (1.0 - agent.renewed_by)) as i64;
    // Two tries had the time to fail. With an agent that tries too seldom, half of the time is
    // over.
    let late = (spare - 7 * agent.tries_every / 4).max(spare / 2);
    match left {
        left if left < 0 => Level::Expired,
        left if left <= late / 2 => Level::Urgent,
        left if left <= late => Level::Late,
        _ => Level::Fresh,
    }
}
