//! What programs print when a rotation goes wrong: the list from which the book's index of symptoms is made.
//!
//! - [`Words`] are what a program prints, with the pieces that vary.
//! - [`Index`] is the list, checked: each symptom has a kind, a first step, and was captured or is cited.
//!
//! The list is `tests/symptoms.toml`. The tests of this crate make the faulty files, start the real programs
//! and compare what they print with the list.
//!
//! # Examples
//! ```
//! let words = symptoms::Words::parse("curl: (60) SSL certificate problem: certificate has expired")?;
//! assert!(words.pattern().is_match("\ncurl: (60) SSL certificate problem: certificate has expired\nMore details"));
//! # Ok::<_, symptoms::Error>(())
//! ```

mod error;
mod index;
mod words;

pub use error::Error;
pub use index::{Also, Index, Kind, Program, Step, Symptom, address};
pub use words::{Piece, Words};
