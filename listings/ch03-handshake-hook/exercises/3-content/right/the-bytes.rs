//! Poll by content.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Remembers the bytes themselves.
pub struct Poll {
    files: Vec<PathBuf>,
    seen: Vec<Vec<u8>>,
}

impl Poll {
    /// Takes a first look.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let seen = files.iter().map(fs::read).collect::<Result<_, _>>()?;
        Ok(Self { files, seen })
    }

    /// Whether any of the files holds something else than at the last look that could read all of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changed(&mut self) -> io::Result<bool> {
        let now: Vec<_> = self.files.iter().map(fs::read).collect::<Result<_, _>>()?;
        let changed = now != self.seen;
        self.seen = now;
        Ok(changed)
    }
}
