//! What can go wrong while a log is asked.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::TryFromFloatSecsError;

/// Why a question about a log has no answer.
#[derive(Debug)]
pub enum Error {
    /// The standard input or output, or the system.
    Io(io::Error),
    /// A file cannot be read.
    File(PathBuf, io::Error),
    /// A directory stands where a log is wanted.
    Directory(PathBuf),
    /// A pipe or a device stands where a file is to be followed.
    NoFile(PathBuf),
    /// Two paths lead to one file.
    Twice(PathBuf, PathBuf),
    /// The standard input was named beside files.
    StdinAmongFiles,
    /// A line, by its place, that is no event, where each must be one.
    Line(String, &'static str),
    /// A file that should hold a private key holds none.
    NoKey(PathBuf),
    /// The server's address cannot be found.
    Address(String, io::Error),
    /// The trust anchors in this file or this server's name cannot be used.
    Client(PathBuf, String, io::Error),
    /// The answers cannot be written as JSON.
    Json(serde_json::Error),
    /// Nothing was read that it could be told by.
    Untold(String),
    /// Ctrl-C came before a verdict.
    Interrupted,
    /// A bound that is no number.
    NotSeconds,
    /// A bound that is no duration: it is negative, or too long.
    Seconds(TryFromFloatSecsError),
}

impl Error {
    /// A file that cannot be read.
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File(path.to_owned(), error)
    }

    /// Whether the reader of our answers has gone away.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Directory(path) => write!(f, "{}: it is a directory", path.display()),
            Self::NoFile(path) => write!(
                f,
                "{}: it is no regular file, and cannot be followed: read it as the standard input (`-`)",
                path.display()
            ),
            Self::Twice(one, other) if one == other => {
                write!(
                    f,
                    "{}: it is named twice, and would be counted twice",
                    one.display()
                )
            }
            Self::Twice(one, other) => {
                let (one, other) = (one.display(), other.display());
                write!(
                    f,
                    "{one} and {other} are one file, which would be counted twice"
                )
            }
            Self::StdinAmongFiles => f.write_str("`-` stands alone: it cannot be merged"),
            Self::Line(place, error) => write!(f, "{place}: {error}"),
            Self::NoKey(path) => {
                write!(f, "{}: it holds no private key in PEM", path.display())
            }
            Self::Address(server, error) => write!(f, "{server}: {error}"),
            Self::Client(roots, name, error) => {
                write!(f, "{} or {name}: {error}", roots.display())
            }
            Self::Json(error) => error.fmt(f),
            Self::Untold(said) => f.write_str(said),
            Self::Interrupted => f.write_str("interrupted before it could be told"),
            Self::NotSeconds => f.write_str("a number of seconds"),
            Self::Seconds(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<TryFromFloatSecsError> for Error {
    fn from(error: TryFromFloatSecsError) -> Self {
        Self::Seconds(error)
    }
}
