//! Poll by content.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

/// Remembers the dates, and looks for a newer one.
pub struct Poll {
    files: Vec<PathBuf>,
    seen: Vec<SystemTime>,
}

impl Poll {
    /// Takes a first look.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let seen = dates(&files)?;
        Ok(Self { files, seen })
    }

    /// Whether any of the files holds something else than at the last look that could read all of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changed(&mut self) -> io::Result<bool> {
        let now = dates(&self.files)?;
        let newer = now.iter().zip(&self.seen).any(|(now, seen)| now > seen);
        if newer {
            self.seen = now;
        }
        Ok(newer)
    }
}

fn dates(files: &[PathBuf]) -> io::Result<Vec<SystemTime>> {
    let date = |file| fs::metadata(file)?.modified();
    files.iter().map(date).collect()
}
