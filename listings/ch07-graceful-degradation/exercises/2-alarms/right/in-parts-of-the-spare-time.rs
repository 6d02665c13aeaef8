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

/// Says which part of the spare time is left.
pub fn level(agent: &Agent, lifetime: i64, left: i64) -> Level {
    if left.is_negative() {
        return Level::Expired;
    }
    let spare = lifetime as f64 * (1.0 - agent.renewed_by);
    let left = left as f64 / spare;
    let two_tries = 2.0 * agent.tries_every as f64 / spare;
    if left <= 0.25 {
        Level::Urgent
    } else if left <= f64::max(0.5, 1.0 - two_tries) {
        Level::Late
    } else {
        Level::Fresh
    }
}
