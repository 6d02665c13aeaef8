//! The chores of the book, as a library that the binaries and the tests share.
//!
//! mdBook renders a missing include as it stands and an unknown anchor as nothing, and exits
//! with 0. Here every directive is [checked](check) before mdBook sees it, and a lie fails the
//! build.

pub mod catalogue;
pub mod chapter;
pub mod check;
pub mod copy;
pub mod costs;
pub mod destination;
pub mod errata;
pub mod error;
pub mod exercises;
pub mod expand;
pub mod falsification;
pub mod fence;
pub mod files;
pub mod grid;
pub mod itself;
pub mod links;
pub mod listing;
pub mod log;
mod markup;
pub mod minutes;
pub mod offline;
pub mod pictures;
pub mod plan;
pub mod preprocess;
pub mod quiz;
pub mod results;
pub mod root;
pub mod serve;
pub mod site;
pub mod slides;
pub mod source;
pub mod symptoms;
pub mod timeline;
pub mod timetable;
pub mod versions;

pub use root::root;
