//! What the tests of all chapters use, and no program does: it is a development dependency, so that
//! `cargo run` for a chapter does not compile it.
//!
//! - [`contract`] holds events against the schema that the book shows.
//! - [`peer`] finds programs that may be there, and builds the twin in Go.
//! - [`transcript`] runs again what the book shows, and compares.

pub mod contract;
pub mod peer;
pub mod transcript;
