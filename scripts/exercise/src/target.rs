//! Where is written what is built and what belongs to it: below `target`, unless `CARGO_TARGET_DIR` names another folder.

use std::env;
use std::path::{self, Path, PathBuf};

/// The variable by which cargo is told of another folder.
pub(crate) const VARIABLE: &str = "CARGO_TARGET_DIR";

/// The folder that `CARGO_TARGET_DIR` names, as a path that means the same from any folder.
pub(crate) fn elsewhere() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|named| !named.is_empty())?;
    path::absolute(named).ok()
}

/// The folder for a book that lies here.
pub(crate) fn target(root: &Path) -> PathBuf {
    elsewhere().unwrap_or_else(|| root.join("target"))
}
