//! What ends a run before it has a verdict.
//!
//! It knows the errors of [`server`](crate::server), [`report`](crate::report) and
//! [`compare`](mod@crate::compare), which do not know it; all that stands above them uses it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::compare::merge::MergeError;
use crate::report::file::ReportError;
use crate::server::advice::{Advice, of_user};
use crate::server::error::{StartError, it_said_last};
use crate::server::output::ServerOutput;
use crate::server::spec_file::SpecError;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket, a process or a file could not be used.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file or folder of the run could not be used.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// The server could not be started, or not be attached to.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The TOML file describes no server.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A report could not be read or written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Reports that cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A certificate could not be issued.
    #[error(transparent)]
    Issue(Box<dyn std::error::Error + Send + Sync>),
    /// Before anything was rotated, something was not as the description has it.
    #[error("before anything was rotated: {0}")]
    Preflight(Box<Advice>),
    /// The first reload ended the process that gets the signal.
    #[error("at the first reload: {0}")]
    Signalled(Box<Advice>),
    /// This server, or this command, cannot do what is asked for.
    #[error("{0}")]
    Invalid(String),
    /// The server did not do what has to be true before anything can be measured, or ended.
    #[error("{0}")]
    Server(String),
}

impl Error {
    /// What an authority says.
    pub(crate) fn issue(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Issue(error.into())
    }

    /// Whether this machine had no room, memory, process or descriptor left for the run: that says nothing about the
    /// server.
    pub(crate) fn is_shortage(&self) -> bool {
        use StartError::{File, Program};
        let error = match self {
            Self::Io(error) | Self::File(_, error) => error,
            Self::Start(File(_, error) | Program(_, _, error)) => error,
            _ => return false,
        };
        lacks_room(error)
    }

    /// Whether the server could not be started, although there was room for it.
    pub(crate) fn is_of_start(&self) -> bool {
        matches!(self, Self::Start(_)) && !self.is_shortage()
    }

    /// In words, and what to change where this machine had nothing left.
    pub(crate) fn with_advice(&self) -> String {
        match self.is_shortage() {
            true => format!("{self}; {}", make_room()),
            false => self.to_string(),
        }
    }

    /// Of the first start of a run, with what to change where that can be said.
    pub(crate) fn in_preflight(self) -> Self {
        let advice = match &self {
            Self::Start(error) => error.advice(),
            _ => None,
        };
        advice.map_or(self, |advice| Self::Preflight(Box::new(advice)))
    }

    /// With the last lines of the server, where clients met something else than they should before anything was
    /// rotated, or where the first reload has ended it.
    pub(crate) fn with_said(mut self, output: &ServerOutput) -> Self {
        self = self.without_keys(output);
        if let Self::Preflight(advice) | Self::Signalled(advice) = &mut self {
            let said = output.last();
            if !said.trim().is_empty() {
                advice.seen += "\n";
                advice.seen += &it_said_last(&said);
            }
            if let Some(change) = of_user(&said) {
                advice.change = format!("{change}. Otherwise: {}", advice.change);
            }
        }
        self
    }

    /// Without the lines of an answer that hold bytes of a key: what came in the clear may be what is in the server's
    /// files.
    pub(crate) fn without_keys(mut self, output: &ServerOutput) -> Self {
        if let Self::Preflight(advice) | Self::Signalled(advice) = &mut self {
            advice.what = output.without_keys(&advice.what);
            advice.seen = output.without_keys(&advice.seen);
        }
        self
    }

    /// With the path, unless the error names it already.
    pub(crate) fn about(path: &Path, error: io::Error) -> Self {
        match error.to_string().contains(&path.display().to_string()) {
            true => Self::Io(error),
            false => Self::File(path.to_owned(), error),
        }
    }
}

/// An error in words, for what has become of an [`Error`]: where this machine had nothing left, and no more is known
/// than that, with what to change.
pub fn with_advice(error: &io::Error) -> String {
    // One that names a file or an output says by itself where there is no room.
    match lacks_room(error) && error.raw_os_error().is_some() {
        true => format!("{error}; {}", make_room()),
        false => error.to_string(),
    }
}

fn make_room() -> String {
    let folder = std::env::temp_dir();
    format!(
        "make room (TMPDIR, which is {}; ulimit -f, ulimit -n, ulimit -u), and run it again",
        folder.display()
    )
}

/// Whether an error says that there was no room, memory, process or descriptor left.
fn lacks_room(error: &io::Error) -> bool {
    // Of descriptors, the error that knows the path keeps no more than these words.
    let descriptors = || {
        let mut none_left = [Errno::MFILE, Errno::NFILE]
            .map(Errno::raw_os_error)
            .into_iter();
        none_left.any(|of| error.to_string().contains(&format!("(os error {of})")))
    };
    // A process that cannot be started would block.
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::FileTooLarge
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::OutOfMemory
            | ErrorKind::WouldBlock
    ) || descriptors()
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            Error::Start(error) => error.into(),
            Error::Spec(error) => error.into(),
            Error::Report(error) => error.into(),
            Error::Invalid(_) => Self::new(ErrorKind::InvalidInput, error),
            error => Self::other(error),
        }
    }
}

/// The folder in which `zdr` was called.
///
/// # Errors
/// When it is there no more, or cannot be read. The system's words alone name no folder.
pub fn current_folder() -> io::Result<PathBuf> {
    let about = |error: io::Error| {
        let words = format!("the folder in which zdr was called cannot be used: {error}");
        io::Error::new(error.kind(), words)
    };
    std::env::current_dir().map_err(about)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_told_from_what_a_server_does() {
        let os = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        // As an error that also knows the path, which hides the number.
        let named = |errno| {
            let error = os(errno);
            io::Error::new(error.kind(), format!("{error} at path \"/tmp/x\""))
        };
        let path = PathBuf::from("/tmp/x");
        let program = |errno| StartError::Program("my-server".into(), path.clone(), os(errno));
        for error in [
            Error::Io(named(Errno::NOSPC)),
            Error::Io(named(Errno::MFILE)),
            Error::File(path.clone(), os(Errno::DQUOT)),
            Error::Io(named(Errno::FBIG)),
            Error::Start(StartError::File(path.clone(), named(Errno::ROFS))),
            Error::Start(program(Errno::AGAIN)),
            Error::Start(program(Errno::NFILE)),
        ] {
            assert!(error.is_shortage(), "{error:?}");
        }
        for error in [
            Error::Io(os(Errno::CONNREFUSED)),
            Error::Start(program(Errno::NOENT)),
            Error::Start(StartError::Process(7)),
            // A server said so, of a disk of its own.
            Error::Server(os(Errno::NOSPC).to_string()),
        ] {
            assert!(!error.is_shortage(), "{error:?}");
        }
    }

    #[test]
    fn an_error_that_says_only_what_is_lacking_says_what_to_change() {
        let none_left = io::Error::from_raw_os_error(Errno::NOSPC.raw_os_error());
        assert!(with_advice(&none_left).contains("; make room (TMPDIR, which is /"));
        let named = io::Error::new(none_left.kind(), format!("stdout: {none_left}"));
        assert_eq!(with_advice(&named), named.to_string());
        let other = io::Error::from_raw_os_error(Errno::CONNREFUSED.raw_os_error());
        assert_eq!(with_advice(&other), other.to_string());
    }
}
