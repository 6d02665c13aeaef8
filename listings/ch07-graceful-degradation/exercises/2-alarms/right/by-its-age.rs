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

/// Counts from the beginning instead of the end, and is urgent a little earlier.
pub fn level(agent: &Agent, lifetime: i64, left: i64) -> Level {
    let (age, lifetime) = ((lifetime - left) as f64, lifetime as f64);
    let due = lifetime * agent.renewed_by;
    let spare = lifetime - due;
    let tried_twice = due + (2 * agent.tries_every) as f64;
    let late = tried_twice.min(due + spare / 2.0);
    let steps = [
        (lifetime, Level::Expired),
        (due + spare * 0.7, Level::Urgent),
    ];
    for (after, level) in steps {
        if age > after {
            return level;
        }
    }
    if age >= late {
        Level::Late
    } else {
        Level::Fresh
    }
}
