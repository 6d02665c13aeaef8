//! Read a file that may be none: a device, a FIFO without a writer, or one that has no end.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::retry_on_intr;

/// The largest file that is read, in bytes: 1 MiB, as large as a Kubernetes Secret can be.
/// Mozilla's whole bundle of roots is a quarter of that.
pub const LARGEST: u64 = 1 << 20;

/// How a file is opened. Not blocking: to open a FIFO would wait for its writer, forever.
pub const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// So long a FIFO may have no writer.
const WRITER: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// So long that writer may take.
const WRITTEN: Duration = Duration::from_secs(10);

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// It cannot be opened or read.
    Failed(io::Error),
    /// It is none: which other thing it is.
    NotRegular(&'static str),
    /// It has more than [`LARGEST`] bytes.
    TooLarge,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::NotRegular(why) => f.write_str(why),
            Self::TooLarge => write!(f, "more than {LARGEST} bytes"),
        }
    }
}

impl std::error::Error for Unread {}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Opens a file by its path, and reads it once. A FIFO, such as a shell makes of `<(command)`, has
/// an end too: its writer has a second to come, and ten to be done.
///
/// # Errors
/// When it is missing, cannot be read, or is not [`whole`].
pub fn read(path: &Path) -> Result<Vec<u8>, Unread> {
    let mut options = File::options();
    let options = options.read(true).custom_flags(FLAGS.bits() as i32);
    let opened = options.open(path)?;
    if opened.metadata()?.file_type().is_fifo() {
        return of_fifo(opened);
    }
    whole(opened).map(|(bytes, _)| bytes)
}

// ANCHOR: whole
/// The bytes of an opened file, and what is known about it.
///
/// # Errors
/// When it cannot be read, is no regular file, or has more than [`LARGEST`] bytes.
pub fn whole(file: File) -> Result<(Vec<u8>, Metadata), Unread> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(Unread::NotRegular("it is not a regular file"));
    }
    // It may grow while it is read: the limit holds for what is read, and for the memory.
    let mut bytes = Vec::with_capacity(about.len().min(LARGEST) as usize + 1);
    if file.take(LARGEST + 1).read_to_end(&mut bytes)? as u64 > LARGEST {
        return Err(Unread::TooLarge);
    }
    Ok((bytes, about))
}
// ANCHOR_END: whole

fn of_fifo(mut fifo: File) -> Result<Vec<u8>, Unread> {
    let (began, mut bytes, mut block) = (Instant::now(), Vec::new(), [0; 4096]);
    while began.elapsed() < WRITTEN {
        let mut asked = [PollFd::new(&fifo, PollFlags::IN)];
        let ready = retry_on_intr(|| poll(&mut asked, Some(&WRITER))).map_err(io::Error::from)?;
        match fifo.read(&mut block) {
            // The end, where a writer has been there.
            Ok(0) if ready > 0 => return Ok(bytes),
            Ok(0) => return Err(Unread::NotRegular("it is a FIFO that nothing writes to")),
            Ok(read) => bytes.extend_from_slice(&block[..read]),
            // A writer is there, and is not done.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if bytes.len() as u64 > LARGEST {
            return Err(Unread::TooLarge);
        }
    }
    Err(Unread::NotRegular("it is a FIFO whose writer does not end"))
}
