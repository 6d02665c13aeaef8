//! A copy of the book, for a test that changes or moves it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// Copies what the book is made of: all below `root` but what was built or installed there.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy(root: &Path, to: &Path) -> io::Result<()> {
    for file in sources(root)? {
        let to = to.join(file.strip_prefix(root).unwrap_or(&file));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(file, to)?;
    }
    Ok(())
}

/// What the book is made of: the files below `root`, in the order of their names, but what was built or installed
/// there.
///
/// # Errors
/// When a folder cannot be read.
pub fn sources(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let parts = WalkDir::new(root).sort_by_file_name().into_iter();
    for entry in parts.filter_entry(is_source) {
        let entry = entry?;
        if entry.file_type().is_file() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// The root may have any name, also one that is left out below it.
fn is_source(entry: &DirEntry) -> bool {
    let built: &[&str] = match entry.depth() {
        0 => &[],
        1 => &[".git", "target", "book", "node_modules"],
        _ => &["node_modules", "__pycache__"],
    };
    !built.iter().any(|name| entry.file_name() == *name)
}

/// Lets the copy of a book use the preprocessor of the checkout at `root`, which is built already.
///
/// # Errors
/// As [`use_preprocessor`].
pub fn use_preprocessor_of(root: &Path, copy: &Path) -> io::Result<()> {
    let manifest = root.join("Cargo.toml");
    let manifest = manifest.to_str();
    let manifest = manifest.ok_or_else(|| io::Error::other("the checkout's name is not UTF-8"))?;
    let run = ["cargo", "run", "--quiet", "--manifest-path", manifest];
    let which = ["--package", "scripts", "--bin", "preprocess", "--"];
    use_preprocessor(copy, &[run, which].concat())
}

/// Lets the copy of a book use this command as its preprocessor.
///
/// # Errors
/// When `book.toml` cannot be read or written, or names no preprocessor of ours.
pub fn use_preprocessor(copy: &Path, command: &[&str]) -> io::Result<()> {
    let path = copy.join("book.toml");
    let config = fs::read_to_string(&path)?;
    let begin = "command = \"cargo run ";
    let Some(line) = config.lines().find(|line| line.starts_with(begin)) else {
        return Err(io::Error::other(format!(
            "{}: no `{begin}`",
            path.display()
        )));
    };
    // mdBook splits the command as a shell does, and a string of JSON is one of TOML.
    let command = shlex::try_join(command.iter().copied()).map_err(io::Error::other)?;
    let command = serde_json::Value::from(command);
    fs::write(&path, config.replace(line, &format!("command = {command}")))
}
