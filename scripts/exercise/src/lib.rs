//! The exercises of the book: `cargo exercise`.
//!
//! - [`set`] is what the book has: `listings/*/exercises`.
//! - [`folder`] is the learner's own: answers, what was kept of them, and [`progress`].
//! - [`program`] puts an answer and its checks together, and [`attempt`] builds and runs that.
//! - [`original`] is a file of checks as the book has it, whatever a learner has made of it.
//! - [`go`] and [`python`] try the answers of their tracks, and [`printed`] keeps what an answer prints.
//! - [`held`] is a folder for the time of an attempt, and removes those that were left behind.
//! - [`left`] ends what an answer has started and left running, and [`interrupt`] does so at Ctrl-C.
//! - [`class`] reads the folders of several learners.
//! - [`tell`] is what a terminal shows, in [`lines`] that fit it, and [`homework`] asks another program for a sheet of questions.
//!
//! A learner's answers lie outside of the workspace, in a folder that git ignores. So no edit breaks the book's
//! own tests, and an update of the book touches no answer.
//!
//! # Examples
//! The checks of an exercise say what is wanted:
//!
//! ```
//! let test = "/// No client is refused.\npub fn no_client_is_refused() {}\n\nfn helper() {}\n";
//! let checks = exercise::program::checks(test);
//! assert_eq!(checks.len(), 1);
//! assert_eq!(checks[0].words, "No client is refused.");
//! ```

pub mod attempt;
pub mod class;
mod error;
pub mod folder;
pub mod go;
pub mod held;
pub mod homework;
pub mod interrupt;
pub mod left;
pub mod lines;
pub mod original;
pub mod printed;
pub mod program;
pub mod progress;
pub mod python;
mod seal;
pub mod set;
mod target;
pub mod tell;
pub mod watch;

pub use error::Error;
