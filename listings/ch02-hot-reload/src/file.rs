//! Read a file, or say in the words of the log why it was not read.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use ch01_restart_baseline::file::{self, Unread};

pub use ch01_restart_baseline::file::{FLAGS, LARGEST};

use crate::rejected::{Reason, Rejected, reject};

/// Opens a file by its path, and reads it once, as chapter 1 does.
///
/// # Errors
/// When it is missing, cannot be read, is no regular file, or has more than [`LARGEST`] bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, Rejected> {
    file::read(path).map_err(|why| unread(path, &why))
}

/// The bytes of an opened file, and what is known about it. It was opened by this `path`.
///
/// # Errors
/// As [`read`].
pub fn whole(file: File, path: &Path) -> Result<(Vec<u8>, Metadata), Rejected> {
    file::whole(file).map_err(|why| unread(path, &why))
}

/// Says why a file could not be opened or read.
pub fn failed(path: &Path, error: &io::Error) -> Rejected {
    match error.kind() {
        io::ErrorKind::NotFound => reject(Reason::Missing, path, error),
        _ => reject(Reason::Unreadable, path, error),
    }
}

fn unread(path: &Path, why: &Unread) -> Rejected {
    match why {
        Unread::Failed(error) => failed(path, error),
        Unread::NotRegular(_) => reject(Reason::NotRegular, path, why),
        Unread::TooLarge => reject(Reason::TooLarge, path, why),
    }
}
