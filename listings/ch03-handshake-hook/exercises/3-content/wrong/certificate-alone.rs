//! Poll by content.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The certificate and its key are renewed together, so one of them is enough.
pub struct Poll {
    files: Vec<PathBuf>,
    seen: Vec<u8>,
}

impl Poll {
    /// Takes a first look.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let seen = fs::read(&files[0])?;
        Ok(Self { files, seen })
    }

    /// Whether any of the files holds something else than at the last look that could read all of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changed(&mut self) -> io::Result<bool> {
        let now = fs::read(&self.files[0])?;
        let changed = now != self.seen;
        self.seen = now;
        Ok(changed)
    }
}
