//! The chores of the book, as a library that the binaries and the tests share.
//!
//! mdBook renders a missing include as it stands and an unknown anchor as nothing, and exits
//! with 0. Here every directive is [checked](check) before mdBook sees it, and a lie fails the
//! build.

pub mod catalogue;
pub mod check;
pub mod expand;
pub mod falsification;
pub mod grid;
pub mod links;
pub mod results;
pub mod serve;
pub mod site;
pub mod source;
pub mod timeline;

use std::path::{Path, PathBuf};

/// The root of the workspace that this program was built from: where `book.toml` lies.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
