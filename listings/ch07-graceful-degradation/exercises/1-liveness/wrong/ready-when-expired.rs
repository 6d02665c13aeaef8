//! Liveness is not readiness.

use std::time::Duration;

/// What a server knows of itself when a probe asks.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Seconds until clients reject what is served as expired. 0 in the last second, negative after it.
    pub seconds_left: i64,
    /// How long ago the last look at the files ended.
    pub look_age: Duration,
    /// The age at which the watcher counts as dead.
    pub look_bound: Duration,
    /// Whether that look rejected the files. Then what was served before goes on being served.
    pub rejected: bool,
}

/// Clients that resume a session get in, so it may go on for a while.
pub fn ready(state: &State) -> bool {
    state.look_age <= state.look_bound
}

/// It answers.
pub fn live(_: &State) -> bool {
    true
}
