//! The pages of the built site.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The pages, in the order of their names. All of them lie in the site's folder itself.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn all(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "html") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}
