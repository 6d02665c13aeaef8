//! What can go wrong with an agent.

use std::fmt;
use std::io;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::io::Errno;

/// Why an agent does not issue, write, or tell.
#[derive(Debug)]
pub enum Error {
    /// The operating system says so.
    Io(io::Error),
    /// A file or a directory cannot be used.
    File(PathBuf, io::Error),
    /// The authority does not issue.
    Authority(lab::Error),
    /// The authority does not issue a leaf for these names.
    Names(Vec<String>, lab::Error),
    /// A date in a certificate is none.
    Date(time::error::Parse),
    /// A lifetime is no duration.
    Duration(humantime::DurationError),
    /// A lifetime is below a second, or above a hundred years.
    Lifetime(&'static str),
    /// A part of a lifetime that is not from 0 to this.
    Part(f64),
    /// The file that should hold the number of a process holds none.
    PidFile(PathBuf, ParseIntError),
    /// A number that is no process's.
    NoProcess(i32),
    /// The process of this number cannot be sent a signal.
    Signal(i32, Errno),
    /// A command ended with this status.
    Command(ExitStatus),
    /// A command did not end within this time.
    Slow(Duration),
}

impl Error {
    /// A file or a directory that cannot be used.
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File(path.to_owned(), error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Authority(error) => error.fmt(f),
            Self::Names(names, error) => write!(f, "{}: {error}", names.join(", ")),
            Self::Date(error) => error.fmt(f),
            Self::Duration(error) => error.fmt(f),
            Self::Lifetime(error) => f.write_str(error),
            Self::Part(most) => write!(f, "a number from 0 to {most}"),
            Self::PidFile(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoProcess(number) => write!(f, "{number} is no process"),
            Self::Signal(number, error) => write!(f, "process {number}: {error}"),
            Self::Command(status) => status.fmt(f),
            Self::Slow(bound) => write!(f, "it took longer than {bound:?}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            Error::File(_, ref source) => Self::new(source.kind(), error),
            other => Self::other(other),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<lab::Error> for Error {
    fn from(error: lab::Error) -> Self {
        Self::Authority(error)
    }
}

impl From<time::error::Parse> for Error {
    fn from(error: time::error::Parse) -> Self {
        Self::Date(error)
    }
}

impl From<humantime::DurationError> for Error {
    fn from(error: humantime::DurationError) -> Self {
        Self::Duration(error)
    }
}
