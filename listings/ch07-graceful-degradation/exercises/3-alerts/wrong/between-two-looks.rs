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

/// Two looks in a row that found the same.
#[derive(Debug, Default)]
pub struct Alert {
    last: Option<Duration>,
    lasting: Duration,
}

impl Alert {
    /// Remembers how long ago the look before was.
    pub fn looked(&mut self, at: Duration, found: Found) {
        let rejected = matches!(found, Found::Rejected(_));
        let before = self.last.filter(|_| rejected);
        self.lasting = before.map_or(Duration::ZERO, |before| at - before);
        self.last = rejected.then_some(at);
    }

    /// From one look to the next.
    pub fn rings(&self, _: Duration) -> bool {
        self.lasting >= LASTING
    }
}
