//! How much a verdict requires.

use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

// ANCHOR: level
/// How much a verdict requires. Each level requires what the one before it does, and more.
///
/// What a level does not require is tried and told all the same. It changes neither the verdict nor the
/// exit code.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    Eq,
    Hash,
    JsonSchema,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing is lost while valid files rotate under load.
    Rotation,
    /// The server also survives damaged and missing files, writers in any order, unusual renewals, and
    /// half-open clients.
    Faults,
    /// The server also rejects complete files that no client would accept, and follows the list of its
    /// clients' authorities.
    // The default: each weakness of a server is either reported, or waived by a person who wrote it down.
    #[default]
    All,
}
// ANCHOR_END: level

impl Level {
    /// All, from the one that requires least.
    pub const ALL: [Self; 3] = [Self::Rotation, Self::Faults, Self::All];

    /// The name in TOML files, on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Faults => "faults",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
