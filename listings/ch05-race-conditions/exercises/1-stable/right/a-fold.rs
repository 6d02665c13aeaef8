//! A stable read.

use std::ops::ControlFlow;
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

/// Each look is held against the one before, until one agrees.
pub fn stable(mut look: impl FnMut() -> Result<Seen, Rejected>) -> Result<Seen, Rejected> {
    let first = look();
    let looks = std::iter::repeat_with(look).take(LOOKS - 1);
    let agreed = looks
        .into_iter()
        .try_fold(first, |before, again| match before == again {
            true => ControlFlow::Break(again),
            false => ControlFlow::Continue(again),
        });
    match agreed {
        ControlFlow::Break(seen) => seen,
        ControlFlow::Continue(_) => Err(reject(Reason::Torn, Path::new("tls.key"), &"torn")),
    }
}
