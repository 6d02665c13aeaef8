//! A stable read.

use std::thread;
use std::time::Duration;

use ch02_hot_reload::identity::Rejected;

/// What one look saw of all files.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    /// What they held, one after the other. No `Debug`: a key is among them.
    pub bytes: Vec<u8>,
    /// The date of the newest, in seconds.
    pub modified: u64,
}

/// How often the files are looked at, at the most.
pub const LOOKS: usize = 5;

/// Gives the writer 100 ms to be done.
pub fn stable(mut look: impl FnMut() -> Result<Seen, Rejected>) -> Result<Seen, Rejected> {
    thread::sleep(Duration::from_millis(100));
    look()
}
