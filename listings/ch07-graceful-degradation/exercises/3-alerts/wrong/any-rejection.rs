//! A quiet alert.

use std::time::Duration;

use ch02_hot_reload::identity::Reason;

/// What a look at the files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A new identity, which is served now.
    Loaded,
    /// What is served already.
    Unchanged,
    /// Files that are not valid. What was served goes on being served.
    Rejected(Reason),
}

/// For how long the files must have been invalid.
pub const LASTING: Duration = Duration::from_secs(120);

/// `increase(identity_rejections_total[2m]) > 0`, as it is often written.
#[derive(Debug, Default)]
pub struct Alert {
    last: Option<Duration>,
}

impl Alert {
    /// Remembers the last rejection.
    pub fn looked(&mut self, at: Duration, found: Found) {
        if let Found::Rejected(_) = found {
            self.last = Some(at);
        }
    }

    /// For two minutes after each.
    pub fn rings(&self, now: Duration) -> bool {
        self.last.is_some_and(|last| now - last < LASTING)
    }
}
