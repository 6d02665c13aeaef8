//! A stable read.

use std::path::Path;
use std::thread;
use std::time::Duration;

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

/// Keeps all that it saw, and pauses between two looks, so that they are further apart than a writer's two writes.
pub fn stable(mut look: impl FnMut() -> Result<Seen, Rejected>) -> Result<Seen, Rejected> {
    let mut looks = vec![look()];
    while looks.len() < LOOKS {
        thread::sleep(Duration::from_millis(1));
        looks.push(look());
        let rests = matches!(&looks[..], [.., one, other] if one == other);
        if let Some(last) = looks.pop_if(|_| rests) {
            return last;
        }
    }
    let words = "the files were different at each look";
    Err(reject(Reason::Torn, Path::new("tls.crt"), &words))
}
