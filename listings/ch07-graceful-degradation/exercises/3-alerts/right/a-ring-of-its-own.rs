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

/// Rings when the files have been invalid for [`LASTING`] or longer.
#[derive(Debug, Default)]
pub struct Alert {
    row: Row,
}

#[derive(Debug, Default)]
enum Row {
    #[default]
    Good,
    Bad {
        since: Duration,
    },
    Rings {
        since: Duration,
    },
}

impl Alert {
    pub fn looked(&mut self, at: Duration, found: Found) {
        let bad = matches!(found, Found::Rejected(_));
        self.row = match self.row {
            _ if !bad => Row::Good,
            Row::Good => Row::Bad { since: at },
            Row::Bad { since } | Row::Rings { since } if at - since >= LASTING => {
                Row::Rings { since }
            }
            Row::Bad { since } | Row::Rings { since } => Row::Bad { since },
        };
    }

    pub fn rings(&self, _: Duration) -> bool {
        matches!(self.row, Row::Rings { .. })
    }
}
