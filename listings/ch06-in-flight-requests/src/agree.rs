//! How long the workers of one server disagree.
//!
//! Several workers behind one address reload one after the other. A client that sees the new
//! certificate has met one of them. Only many dials tell when all have changed.

use std::ops::RangeInclusive;

// ANCHOR: agree
/// What many dials saw of one rotation, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    dials: usize,
    first_new: Option<usize>,
    last_old: Option<usize>,
}

impl Sightings {
    /// Notes one dial, by a full handshake: whether it was shown the new chain.
    pub fn saw(&mut self, new: bool) {
        if new {
            self.first_new = self.first_new.or(Some(self.dials));
        } else {
            self.last_old = Some(self.dials);
        }
        self.dials += 1;
    }

    /// The dials, counted from 0, from the first that saw the new chain to the last that saw the
    /// old one. None where old and new were never mixed.
    pub fn disagreed(&self) -> Option<RangeInclusive<usize>> {
        let (new, old) = (self.first_new?, self.last_old?);
        (new < old).then_some(new..=old)
    }

    /// How many dials in a row have seen the new chain only, up to now. How many are enough
    /// depends on the number of workers, and on how they share the dials.
    pub fn settled_for(&self) -> usize {
        let since = self.last_old.map_or(0, |old| old + 1);
        self.dials - since
    }
}
// ANCHOR_END: agree
