//! What stood in a file when it was read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The last bytes that were read, and where they end. If others stand at this place now, the file was truncated, however
/// much has been written since.
#[derive(Debug, Default)]
pub struct Seen {
    end: u64,
    bytes: Vec<u8>,
}

impl Seen {
    /// What stands before `end`; nothing, where the file is shorter by now.
    ///
    /// # Errors
    /// When it cannot be read: that says nothing of what stands there.
    pub fn of(file: &File, end: u64) -> io::Result<Option<Self>> {
        /// More than the part of a line that tells it from others: its time.
        const ENOUGH: usize = 512;
        let length = ENOUGH.min(usize::try_from(end).unwrap_or(ENOUGH));
        let mut bytes = vec![0; length];
        match file.read_exact_at(&mut bytes, end - length as u64) {
            Ok(()) => Ok(Some(Self { end, bytes })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether it still stands there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stands_in(&self, file: &File) -> io::Result<bool> {
        let now = Self::of(file, self.end)?;
        Ok(now.is_some_and(|now| now.bytes == self.bytes))
    }
}
