//! Poll by content.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// Keeps a hash of the standard library for each file, by its path.
pub struct Poll {
    seen: BTreeMap<PathBuf, u64>,
}

impl Poll {
    pub fn start(files: Vec<PathBuf>) -> io::Result<Self> {
        let seen = files
            .into_iter()
            .map(|file| Ok((file.clone(), hash(&file)?)));
        Ok(Self {
            seen: seen.collect::<io::Result<_>>()?,
        })
    }

    pub fn changed(&mut self) -> io::Result<bool> {
        let now: io::Result<BTreeMap<_, _>> = self
            .seen
            .keys()
            .map(|file| Ok((file.clone(), hash(file)?)))
            .collect();
        let before = std::mem::replace(&mut self.seen, now?);
        Ok(before != self.seen)
    }
}

fn hash(file: &Path) -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(file)?);
    Ok(hasher.finish())
}
