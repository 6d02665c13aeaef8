//! Where the book is: found when a program runs, so that a checkout can be moved.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

/// What lies in the root, and together in no folder below it.
const MARKS: [&str; 2] = ["book.toml", "Cargo.toml"];

/// The root of the book: the nearest folder with `book.toml` and `Cargo.toml`, from the current
/// directory upwards; where there is none, from this program upwards, which cargo builds below it.
///
/// # Errors
/// When there is no such folder. It is said where it was looked for.
pub fn root() -> io::Result<PathBuf> {
    let here = env::current_dir()?;
    let program = env::current_exe()?;
    root_from(&[&here, program.parent().unwrap_or(&program)])
}

/// As [`root`], from these folders upwards, the first one first.
///
/// # Errors
/// As [`root`].
pub fn root_from(starts: &[&Path]) -> io::Result<PathBuf> {
    let is_root = |folder: &&Path| MARKS.iter().all(|mark| folder.join(mark).is_file());
    let mut folders = starts.iter().flat_map(|start| start.ancestors());
    if let Some(root) = folders.find(is_root) {
        return Ok(root.to_owned());
    }
    let looked: Vec<_> = starts.iter().map(|s| s.display().to_string()).collect();
    let why = format!(
        "no folder with {} in {} or above: run this in the book's folder",
        MARKS.join(" and "),
        looked.join(", in ")
    );
    Err(io::Error::new(io::ErrorKind::NotFound, why))
}
