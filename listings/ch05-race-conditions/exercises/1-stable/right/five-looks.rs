//! A stable read.

use std::iter;
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

/// Looks at the files until what it sees is worth judging: no writer was at work on them. `look` opens and reads them
/// all once.
///
/// The words for files that do not come to rest are
/// `reject(Reason::Torn, Path::new("tls.crt"), &"the files were different at each look")`.
///
/// # Errors
/// When the files do not come to rest within [`LOOKS`] looks, whatever the last of them found; and when they are at rest and
/// cannot be read. The server then goes on with what it has, and asks again later.
pub fn stable(look: impl FnMut() -> Result<Seen, Rejected>) -> Result<Seen, Rejected> {
    let looks: Vec<_> = iter::repeat_with(look).take(LOOKS).collect();
    let mut pairs = looks.windows(2);
    if let Some(pair) = pairs.rfind(|pair| pair[0] == pair[1]) {
        return pair[1].clone();
    }
    Err(reject(
        Reason::Torn,
        Path::new("tls.crt"),
        &"the files were different at each look",
    ))
}
