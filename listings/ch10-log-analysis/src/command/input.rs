//! What the command line names: a log, a time, a bound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Error;
use crate::read::{Input, Line};

/// Long enough that nobody waits for it.
pub(super) const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

pub(super) fn seconds(typed: &str) -> Result<Duration, Error> {
    let seconds: f64 = typed.parse().map_err(|_| Error::NotSeconds)?;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

pub(super) fn a_time(typed: &str) -> Result<OffsetDateTime, time::error::Parse> {
    OffsetDateTime::parse(typed, &Rfc3339)
}

/// Where the lines come from.
pub(super) fn input(files: &[PathBuf], follow: bool) -> Result<Input, Error> {
    let stdin = |path: &PathBuf| path == Path::new("-");
    match files {
        [] => Ok(Input::Stdin),
        [one] if stdin(one) => Ok(Input::Stdin),
        files if files.iter().any(stdin) => Err(Error::StdinAmongFiles),
        files if follow => Ok(Input::Follow(files.to_vec())),
        files => Ok(Input::Files(files.to_vec())),
    }
}

/// How the place of a line is called.
pub(super) fn place(files: &[PathBuf], line: &Line) -> String {
    match files.get(line.file).filter(|path| *path != Path::new("-")) {
        Some(path) => format!("{}:{}", path.display(), line.number),
        None => format!("standard input:{}", line.number),
    }
}

/// A file that is read at once.
pub(super) fn text(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::file(path, error))
}
