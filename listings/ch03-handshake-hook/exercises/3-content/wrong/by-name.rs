//! Poll by content.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Tells whether files hold something else than at the last look.
pub struct Poll {
    files: Vec<PathBuf>,
    // A hash of each instead of its bytes: a key is among them.
    seen: BTreeMap<Option<OsString>, String>,
}

impl Poll {
    /// Takes a first look.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let seen = hashes(&files)?;
        Ok(Self { files, seen })
    }

    /// Whether any of the files holds something else than at the last look that could read all
    /// of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changed(&mut self) -> io::Result<bool> {
        // An error ends it here, and what was seen stays.
        let now = hashes(&self.files)?;
        let changed = now != self.seen;
        self.seen = now;
        Ok(changed)
    }
}

fn hashes(files: &[PathBuf]) -> io::Result<BTreeMap<Option<OsString>, String>> {
    let name = |file: &PathBuf| file.file_name().map(ToOwned::to_owned);
    let hash = |file| Ok((name(file), lab::chain::sha256(&fs::read(file)?)));
    files.iter().map(hash).collect()
}
