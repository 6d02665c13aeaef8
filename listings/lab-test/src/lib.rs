//! What the tests of all chapters use, and no program does: it is a development dependency, so that
//! `cargo run` for a chapter does not compile it.
//!
//! - [`contract`] holds events against the schema that the book shows.
//! - [`memo`] keeps verdicts that were right, while all that they depend on is the same.
//! - [`options`] holds what clients see of options that several chapters have.
//! - [`peer`] finds programs that may be there, and builds the twin in Go.
//! - [`transcript`] runs again what the book shows, and compares.

pub mod contract;
pub mod memo;
pub mod options;
pub mod peer;
pub mod transcript;
