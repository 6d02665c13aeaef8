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

/// Remembers since when the files are invalid, and whether a second look has found the same.
#[derive(Debug, Default)]
pub struct Alert {
    since: Option<Duration>,
    confirmed: bool,
}

impl Alert {
    /// A look at the files ended at `at`.
    pub fn looked(&mut self, at: Duration, found: Found) {
        if !matches!(found, Found::Rejected(_)) {
            *self = Self::default();
            return;
        }
        self.confirmed = self.since.is_some();
        self.since.get_or_insert(at);
    }

    /// Counts on to the time of the question, where a second look has found the same.
    pub fn rings(&self, now: Duration) -> bool {
        self.confirmed && self.since.is_some_and(|since| now - since >= LASTING)
    }
}
