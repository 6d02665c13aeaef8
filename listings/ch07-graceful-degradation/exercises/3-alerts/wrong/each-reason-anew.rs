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

/// A series for each reason, and an alert on each series.
#[derive(Debug, Default)]
pub struct Alert {
    invalid: Option<(Reason, Duration, Duration)>,
}

impl Alert {
    /// Remembers since when this reason holds.
    pub fn looked(&mut self, at: Duration, found: Found) {
        self.invalid = match (found, self.invalid) {
            (Found::Rejected(reason), Some((before, first, _))) if before == reason => {
                Some((reason, first, at))
            }
            (Found::Rejected(reason), _) => Some((reason, at, at)),
            _ => None,
        };
    }

    /// When one reason has held for so long.
    pub fn rings(&self, _: Duration) -> bool {
        let lasting = |(_, first, last)| last - first >= LASTING;
        self.invalid.is_some_and(lasting)
    }
}
