//! Read a file that may be none: a device, say, or one without an end.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::rejected::{Reason, Rejected, reject};

/// The largest file that is read, in bytes: 1 MiB, as large as a Kubernetes Secret can be.
/// Mozilla's whole bundle of roots is a quarter of that.
pub const LARGEST: u64 = 1 << 20;

/// Opens a file by its path, and reads it once. A FIFO has an end too, once its writer has come. Until then this
/// waits, as it does for a mount that hangs; chapter 5 opens each file without waiting.
///
/// # Errors
/// When it is missing, cannot be read, or is not [`whole`].
pub fn read(path: &Path) -> Result<Vec<u8>, Rejected> {
    let opened = File::open(path).map_err(|error| failed(path, &error))?;
    let about = opened.metadata().map_err(|error| failed(path, &error))?;
    if about.file_type().is_fifo() {
        return to_the_end(opened, path, 0);
    }
    whole(opened, path).map(|(bytes, _)| bytes)
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
    Ok((to_the_end(file, path, about.len())?, about))
}

fn to_the_end(file: File, path: &Path, length: u64) -> Result<Vec<u8>, Rejected> {
    // It may grow while it is read: the limit holds for what is read, and for the memory.
    let mut bytes = Vec::with_capacity(length.min(LARGEST) as usize + 1);
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    if read.map_err(|error| failed(path, &error))? as u64 > LARGEST {
        let detail = format!("more than {LARGEST} bytes");
        return Err(reject(Reason::TooLarge, path, &detail));
    }
    Ok(bytes)
}
// ANCHOR_END: whole

/// Says why a file could not be opened or read.
pub fn failed(path: &Path, error: &io::Error) -> Rejected {
    match error.kind() {
        io::ErrorKind::NotFound => reject(Reason::Missing, path, error),
        _ => reject(Reason::Unreadable, path, error),
    }
}
