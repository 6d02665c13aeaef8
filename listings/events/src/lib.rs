//! An event: what every program of this book logs, one JSON object a line, and what a person reads of it.
//!
//! - [`event`]: the object, and its line;
//! - [`mod@line`]: the same for a person: when, who, what, and what matters of it;
//! - [`text`]: lines in columns, for a terminal and for a file.
//!
//! The events themselves are in the book's event contract.

#![forbid(unsafe_code)]

pub mod event;
pub mod line;
mod say;
pub mod text;
