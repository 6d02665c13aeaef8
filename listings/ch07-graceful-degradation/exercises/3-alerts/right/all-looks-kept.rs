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

/// Keeps the looks of an hour, and goes back through them when it is asked.
#[derive(Debug, Default)]
pub struct Alert {
    looks: std::collections::VecDeque<(Duration, bool)>,
}

impl Alert {
    pub fn looked(&mut self, at: Duration, found: Found) {
        self.looks
            .push_back((at, matches!(found, Found::Rejected(_))));
        // What is older says no more than the look that stays.
        while self.looks.len() > 2 && at - self.looks[1].0 > 30 * LASTING {
            self.looks.pop_front();
        }
    }

    pub fn rings(&self, _now: Duration) -> bool {
        let bad = self.looks.iter().rev().take_while(|(_, bad)| *bad);
        let row: Vec<_> = bad.map(|(at, _)| *at).collect();
        let [last, .., first] = row[..] else {
            return false;
        };
        last.saturating_sub(first) >= LASTING
    }
}
