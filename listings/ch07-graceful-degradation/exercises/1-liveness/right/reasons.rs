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

/// Each reason not to send clients here, for the body of the answer.
fn against(state: &State) -> Vec<String> {
    let mut reasons = Vec::new();
    if state.seconds_left.is_negative() {
        reasons.push(format!("expired {} s ago", -state.seconds_left));
    }
    if let Some(late) = state.look_age.checked_sub(state.look_bound)
        && !late.is_zero()
    {
        reasons.push(format!("the last look is overdue by {} s", late.as_secs()));
    }
    reasons
}

/// The answer of `/ready`: whether to send new clients here.
pub fn ready(state: &State) -> bool {
    against(state).is_empty()
}

/// The answer of `/live`. Not even what is said against it is looked at.
pub fn live(_: &State) -> bool {
    true
}
