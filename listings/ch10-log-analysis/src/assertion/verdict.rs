//! What comes of an assertion.

/// How an assertion stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, and a later line may change that.
    NotYet(String),
    /// Nothing was read that it could be told by. A later line may change that.
    Untold(String),
    /// It does not, and no later line changes that.
    Never(String),
}
