//! Poll by content.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// Tells whether files hold something else than at the last look.
pub struct Poll {
    files: Vec<PathBuf>,
    // A hash of each instead of its bytes: a key is among them.
    seen: Vec<String>,
    opened: Vec<File>,
}

impl Poll {
    /// Takes a first look.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let mut opened = Vec::new();
        let seen = hashes(&files, &mut opened)?;
        Ok(Self {
            files,
            seen,
            opened,
        })
    }

    /// Whether any of the files holds something else than at the last look that could read all
    /// of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn changed(&mut self) -> io::Result<bool> {
        // An error ends it here, and what was seen stays.
        let now = hashes(&self.files, &mut self.opened)?;
        let changed = now != self.seen;
        self.seen = now;
        Ok(changed)
    }
}

fn hashes(files: &[PathBuf], opened: &mut Vec<File>) -> io::Result<Vec<String>> {
    let hash = |file| {
        let mut bytes = Vec::new();
        let mut file = File::open(file)?;
        file.read_to_end(&mut bytes)?;
        // So that nobody removes it meanwhile.
        opened.push(file);
        Ok(lab::chain::sha256(&bytes))
    };
    files.iter().map(hash).collect()
}
