//! What was at risk: a bound over attempts that no rotation can have hurt is too good.
//!
//! Three counts, since nobody knows which of them are independent of each other: attempts, crossings
//! of a rotation by kept connections, and rotations.

use std::collections::BTreeSet;

use ch11_verification::bound::upper;
use ch11_verification::judge::Share;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::format::{below, count};

/// What the bounds assume, for people.
pub(crate) const INDEPENDENCE: &str = "Attempts and connections count once for each rotation that they met. \
    Their bounds assume that they fail independently of each other. If all attempts of a rotation fail \
    together, only the bound of the rotations is valid.";

/// How many could have failed, how many did, and the bound that follows.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// All that could have failed.
    pub of: u64,
    /// Those that did.
    pub failed: u64,
    /// With 95 % confidence, not more than this share fails, if they fail independently of each other.
    pub failed_below: f64,
}

impl From<Share> for Exposure {
    fn from(Share { failed, of }: Share) -> Self {
        Self {
            of,
            failed,
            failed_below: upper(failed, of),
        }
    }
}

impl Exposure {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        let (failed, of) = (self.failed + other.failed, self.of + other.of);
        Share { failed, of }.into()
    }

    /// For a table: `none of 207 (< 1.5 %)`.
    pub(crate) fn cell(self) -> String {
        match self.of {
            0 => "nothing at risk".into(),
            of => {
                let (failed, below) = (none_or(self.failed), below(self.failed_below));
                format!("{failed} of {} (< {below})", count(of))
            }
        }
    }

    /// The same where columns are narrow: `0 of 207 (< 1.5 %)`.
    pub(crate) fn figures(self) -> String {
        match (self.of, self.failed) {
            (1.., 0) => self.cell().replacen("none", "0", 1),
            _ => self.cell(),
        }
    }

    /// In words: "none of 207 attempts (below 1.5 %)". A `#` stands where a plural has its s.
    fn words(self, one: &str) -> String {
        let (of, below) = (count(self.of), below(self.failed_below));
        let s = if self.of == 1 { "" } else { "s" };
        let things = one.replace('#', s);
        format!("{} of {of} {things} (below {below})", none_or(self.failed))
    }
}

/// What rotations can have hurt, of one class of clients or of all.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AtRisk {
    /// Attempts that met a rotation, once for each rotation that they met: a download counts for as
    /// many as it crossed. The bound assumes that attempts fail independently of each other.
    pub attempts: Exposure,
    /// Kept connections, once for each rotation that they met; each download is one. The bound assumes
    /// that connections fail independently of each other. `None` where none is kept.
    pub connections: Option<Exposure>,
    /// Rotations. One has failed if an attempt failed during it. Where all attempts of a rotation
    /// share its fate, this bound alone holds.
    pub rotations: Exposure,
    /// The numbers of the rotations that have failed.
    pub harmed: BTreeSet<u32>,
}

impl AtRisk {
    /// Several classes of a run, or several generators, together. The rotations are the same for all.
    /// `None` where there is nothing, and where one of them does not say.
    pub fn together<'a>(parts: impl IntoIterator<Item = Option<&'a Self>>) -> Option<Self> {
        let parts: Vec<&Self> = parts.into_iter().collect::<Option<_>>()?;
        let attempts = parts.iter().map(|part| part.attempts);
        let connections = parts.iter().filter_map(|part| part.connections);
        let harmed: BTreeSet<u32> = parts.iter().flat_map(|part| part.harmed.clone()).collect();
        let rotations = Share {
            failed: harmed.len() as u64,
            of: parts.iter().map(|part| part.rotations.of).max()?,
        };
        Some(Self {
            attempts: attempts.reduce(Exposure::plus)?,
            connections: connections.reduce(Exposure::plus),
            rotations: rotations.into(),
            harmed,
        })
    }

    /// In words: how much of what was at risk has failed.
    pub(crate) fn words(&self) -> String {
        if self.attempts.of == 0 {
            return "No attempt met a rotation, so nothing is known of them".into();
        }
        let attempts = self.attempts.words("attempt#");
        let connections = self.connections.filter(|crossings| crossings.of > 0);
        let connections = connections.map_or_else(String::new, |crossings| {
            format!(", {}", crossings.words("crossing# by kept connections"))
        });
        let rotations = self.rotations.words("rotation#");
        format!("Failed during rotations: {attempts}{connections}, {rotations}")
    }
}

/// A number of failures.
pub(crate) fn none_or(failed: u64) -> String {
    match failed {
        0 => "none".into(),
        failed => count(failed),
    }
}
