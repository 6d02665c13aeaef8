//! Liveness is not readiness.

use std::time::Duration;

/// What a server knows of itself when a probe asks.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Seconds until clients reject what is served as expired. 0 in the last second, negative
    /// after it.
    pub seconds_left: i64,
    /// How long ago the last look at the files ended.
    pub look_age: Duration,
    /// The age at which the watcher counts as dead.
    pub look_bound: Duration,
    /// Whether that look rejected the files. Then what was served before goes on being served.
    pub rejected: bool,
}

/// The answer of `/ready`: whether to send new clients here.
pub fn ready(state: &State) -> bool {
    let accepted = state.seconds_left >= 0;
    // Without a watcher all is well today, and on the day of expiry nothing new is there.
    // A week is enough to mend the watcher.
    let watched = state.look_age <= state.look_bound || state.seconds_left >= 7 * 24 * 3600;
    // Rejected files are the agent's trouble: what is served is as good as a second ago.
    accepted && watched
}

/// The answer of `/live`: where it is `false`, the orchestrator kills this process and starts
/// another.
pub fn live(_: &State) -> bool {
    // It answers, so it is alive. A new process would read the same files, and have nothing in
    // memory.
    true
}
