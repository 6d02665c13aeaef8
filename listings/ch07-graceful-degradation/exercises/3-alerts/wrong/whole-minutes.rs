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

/// Rings when the files have been invalid for [`LASTING`] or longer. All times count from one
/// beginning.
#[derive(Debug, Default)]
pub struct Alert {
    // The first and the last look of a row without a good one, in whole minutes.
    invalid: Option<(u64, u64)>,
}

impl Alert {
    /// A look at the files ended at `at`. Looks come in order, at each event and each poll.
    pub fn looked(&mut self, at: Duration, found: Found) {
        let at = at.as_secs() / 60;
        self.invalid = match found {
            Found::Loaded | Found::Unchanged => None,
            Found::Rejected(_) => {
                let first = self.invalid.map_or(at, |(first, _)| first);
                Some((first, at))
            }
        };
    }

    /// Whether it rings at `now`. Prometheus asks every 15 s, whatever the watcher does.
    pub fn rings(&self, _now: Duration) -> bool {
        self.invalid.is_some_and(|(first, last)| last - first >= 2)
    }
}
