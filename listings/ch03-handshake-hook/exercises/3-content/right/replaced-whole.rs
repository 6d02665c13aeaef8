//! Poll by content.

use std::fs;
use std::io;
use std::path::PathBuf;

pub struct Poll(std::collections::BTreeMap<PathBuf, Vec<u8>>);

impl Poll {
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let read = |file: PathBuf| fs::read(&file).map(|bytes| (file, bytes));
        files
            .into_iter()
            .map(read)
            .collect::<io::Result<_>>()
            .map(Self)
    }

    pub fn changed(&mut self) -> io::Result<bool> {
        let now = Self::start(self.0.keys().cloned().collect())?;
        Ok(std::mem::replace(&mut self.0, now.0) != self.0)
    }
}
