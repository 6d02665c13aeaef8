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

const DAY: i64 = 24 * 3600;

/// As it was done when certificates lived for a year.
pub fn level(_: &Agent, _: i64, left: i64) -> Level {
    match left {
        left if left < 0 => Level::Expired,
        left if left <= DAY => Level::Urgent,
        left if left <= 7 * DAY => Level::Late,
        _ => Level::Fresh,
    }
}
