//! How a keeper works.

use std::time::Duration;

use ch03_handshake_hook::watch::Events;

use crate::budget::Renewal;

/// How a keeper works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether to watch the directory besides polling.
    pub events: Events,
    /// The time between two looks at the files, and at the clock.
    pub poll: Duration,
    /// The age of the last look at which the server is no longer ready. Several polls, or one slow
    /// read makes it flap.
    pub look_bound: Duration,
    /// When the agent renews.
    pub renewal: Renewal,
}
