//! A stable read.

use std::path::Path;

use ch02_hot_reload::identity::{Reason, Rejected, reject};

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

/// Looks at the files until two looks in a row agree, be it on contents or on an error.
///
/// # Errors
/// When no two agree within [`LOOKS`] looks, and when two agree on an error.
pub fn stable(mut look: impl FnMut() -> Result<Seen, Rejected>) -> Result<Seen, Rejected> {
    let mut before = look();
    for _ in 1..LOOKS {
        let again = look();
        // A writer is at work: look again.
        if matches!(&again, Err(rejected) if rejected.reason == Reason::Torn) {
            continue;
        }
        if again == before {
            return again;
        }
        before = again;
    }
    // Not the last look after all: a slow writer is no reason to serve half a file.
    let words = "the files were different at each look";
    Err(reject(Reason::Torn, Path::new("tls.crt"), &words))
}
