//! What is asked of the files, and how patiently.

use std::time::Duration;

use crate::exposure::ExposedKey;

/// What is asked of the files beyond what a peer would ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long a set of trust anchors that shrank, or a chain that lost what clients need, must stay
    /// as it is before it is believed. Longer than any writer pauses within one file; shorter than you are willing to
    /// wait for a removed anchor to be gone.
    pub settle: Duration,
    /// How long files that are not valid must stay as they are before that is said: a writer may be
    /// between two steps. [`Duration::ZERO`] asks for no patience.
    pub rest: Duration,
    /// What to do about a key that other users can read.
    pub exposed_key: ExposedKey,
    /// What to do about a certificate that lacks a name of the one before.
    pub lost_names: LostNames,
    /// Whether keys and signatures of ML-DSA are served. Clients of OpenSSL before 3.5 verify neither.
    pub ml_dsa: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(10),
            rest: Duration::from_millis(250),
            exposed_key: ExposedKey::Warn,
            lost_names: LostNames::Warn,
            ml_dsa: false,
        }
    }
}

/// A name that is gone may have been retired, or forgotten in a renewal. The reader cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostNames {
    /// Serve, and log `names_lost`.
    Warn,
    /// Reject, with the reason `name_lost`.
    Refuse,
}
