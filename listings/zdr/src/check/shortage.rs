//! This process may open so many files, and no more: where it cannot open another connection, that is no fault of
//! the server.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::error::Error;

/// With fewer, not even one client of each class and the server's files can be open at once.
const FEWEST: u64 = 64;

/// Whether this process may open enough files to judge a server at all.
///
/// # Errors
/// With the limit, and what to change.
pub fn enough() -> Result<(), Error> {
    match getrlimit(Resource::Nofile).current {
        Some(limit @ ..FEWEST) => Err(Error::Invalid(format!(
            "this process may have {limit} files open at once, and needs {FEWEST} at least: raise the limit \
             (ulimit -n 1024)"
        ))),
        _ => Ok(()),
    }
}

/// Whether an error says that this process, or the whole system, had no descriptor left.
pub(super) fn is_short(error: &str) -> bool {
    let none_left = [Errno::MFILE, Errno::NFILE];
    let mut none_left = none_left
        .iter()
        .map(|errno| format!("(os error {})", errno.raw_os_error()));
    none_left.any(|of| error.contains(&of))
}

/// What is said of it.
pub(super) fn short_of_files(error: &str) -> String {
    let limit = match getrlimit(Resource::Nofile).current {
        Some(limit) => format!("it may have {limit} files open at once"),
        None => "its limit is that of the system".into(),
    };
    format!(
        "`zdr` itself could open no more connections or files ({error}); {limit}. Raise the limit (ulimit -n \
         4096), or ask for less load (`--rate`, `--pool`, `--downloads`)"
    )
}
