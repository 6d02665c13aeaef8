//! What went wrong before anything could be measured, told so that somebody can mend it.

use std::fmt;

use crate::server::lines::printable;

/// What was tried, what was seen, and what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is wrong, in a phrase.
    pub what: String,
    /// What was done to find out.
    pub tried: String,
    /// What came of it.
    pub seen: String,
    /// What to do about it: in the description of the server, or in the server.
    pub change: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.what))?;
        let parts = [
            ("tried: ", &self.tried),
            ("seen:  ", &self.seen),
            ("change:", &self.change),
        ];
        for (name, text) in parts {
            for (at, line) in printable(text.trim()).lines().enumerate() {
                let name = if at == 0 { name } else { "       " };
                write!(f, "\n  {name} {}", line.trim_end())?;
            }
        }
        Ok(())
    }
}
