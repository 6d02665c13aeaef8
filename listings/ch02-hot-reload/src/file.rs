//! Read a file that may be none: a FIFO whose writer never comes, say, or one without an end.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::rejected::{Reason, Rejected, reject};

/// The largest file that is read, in bytes: 1 MiB, as large as a Kubernetes Secret can be.
/// Mozilla's whole bundle of roots is a quarter of that.
pub const LARGEST: u64 = 1 << 20;

/// How a file is opened. Not blocking: to open a FIFO would wait for its writer, for ever.
pub const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens a file by its path, and reads it once.
///
/// # Errors
/// When it is missing, cannot be read, or is not [`whole`].
pub fn read(path: &Path) -> Result<Vec<u8>, Rejected> {
    let opened = rustix::fs::open(path, FLAGS, Mode::empty());
    let opened = opened.map_err(|error| failed(path, &error.into()))?;
    whole(opened.into(), path).map(|(bytes, _)| bytes)
}

// ANCHOR: whole
/// The bytes of an opened file, and what is known about it. It was opened by this `path`.
///
/// # Errors
/// When it cannot be read, is no regular file, or has more than [`LARGEST`] bytes.
pub fn whole(file: File, path: &Path) -> Result<(Vec<u8>, Metadata), Rejected> {
    let about = file.metadata().map_err(|error| failed(path, &error))?;
    if !about.is_file() {
        return Err(reject(
            Reason::NotRegular,
            path,
            &"it is not a regular file",
        ));
    }
    // It may grow while it is read: the limit holds for what is read, and for the memory.
    let mut bytes = Vec::with_capacity(about.len().min(LARGEST) as usize + 1);
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    if read.map_err(|error| failed(path, &error))? as u64 > LARGEST {
        let detail = format!("more than {LARGEST} bytes");
        return Err(reject(Reason::TooLarge, path, &detail));
    }
    Ok((bytes, about))
}
// ANCHOR_END: whole

/// Says why a file could not be opened or read.
pub fn failed(path: &Path, error: &io::Error) -> Rejected {
    match error.kind() {
        io::ErrorKind::NotFound => reject(Reason::Missing, path, error),
        _ => reject(Reason::Unreadable, path, error),
    }
}
