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

/// It is mended when something new has been loaded.
#[derive(Debug, Default)]
pub struct Alert {
    invalid: Option<(Duration, Duration)>,
}

impl Alert {
    /// Remembers the first and the last rejection.
    pub fn looked(&mut self, at: Duration, found: Found) {
        match found {
            Found::Loaded => self.invalid = None,
            Found::Unchanged => {}
            Found::Rejected(_) => {
                let first = self.invalid.map_or(at, |(first, _)| first);
                self.invalid = Some((first, at));
            }
        }
    }

    /// From the first to the last.
    pub fn rings(&self, _: Duration) -> bool {
        let lasting = |(first, last)| last - first >= LASTING;
        self.invalid.is_some_and(lasting)
    }
}
