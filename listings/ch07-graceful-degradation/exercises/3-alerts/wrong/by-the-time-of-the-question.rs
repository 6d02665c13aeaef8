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

/// A gauge that is 1 from a rejection to the next good look, and `for: 2m`.
#[derive(Debug, Default)]
pub struct Alert {
    since: Option<Duration>,
}

impl Alert {
    /// Remembers the first rejection.
    pub fn looked(&mut self, at: Duration, found: Found) {
        match found {
            Found::Rejected(_) => self.since = self.since.or(Some(at)),
            _ => self.since = None,
        }
    }

    /// From the first rejection to now.
    pub fn rings(&self, now: Duration) -> bool {
        self.since.is_some_and(|since| now - since >= LASTING)
    }
}
