//! The limit on open files, which is also the limit on connections.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Makes room for `wanted` open files: raises the soft limit, within the hard one.
///
/// A held connection is a descriptor. Many systems start a process with 1,024.
///
/// # Errors
/// When the hard limit is lower. It says both numbers.
pub fn make_room(wanted: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    // None is no limit.
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if let Some(maximum) = limit.maximum.filter(|maximum| *maximum < wanted) {
        let error = format!("{wanted} open files are needed, and the hard limit is {maximum}");
        return Err(io::Error::other(error));
    }
    let raised = Rlimit {
        current: Some(wanted),
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
