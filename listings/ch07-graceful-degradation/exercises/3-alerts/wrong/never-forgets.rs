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

/// One rejection may be an accident, so it waits for ten.
#[derive(Debug, Default)]
pub struct Alert {
    rejections: u32,
}

impl Alert {
    /// Counts.
    pub fn looked(&mut self, _: Duration, found: Found) {
        if let Found::Rejected(_) = found {
            self.rejections += 1;
        }
    }

    /// At ten.
    pub fn rings(&self, _: Duration) -> bool {
        self.rejections >= 10
    }
}
