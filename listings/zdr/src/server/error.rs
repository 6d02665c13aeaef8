//! Why a server could not be started.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a server could not be started, or not be attached to.
#[derive(Debug)]
pub enum StartError {
    /// The program was not found, or may not be run.
    Program(String, io::Error),
    /// A command of `setup` failed.
    Setup(String, String),
    /// It ended before it was ready. With what it said last.
    Ended(String, String),
    /// It was not ready in time. With what it said last.
    NotReady(Duration, String),
    /// No server answers where it should be attached to.
    Unreachable(String, io::Error),
    /// A file or folder of the run is missing, or could not be written.
    File(PathBuf, io::Error),
    /// The server cannot run as this user, and why.
    User(String, String),
    /// There is no such process as `attach` tells.
    Process(i32),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |said: &str| match said.trim() {
            "" => "It said nothing.".to_owned(),
            said => format!("It said: {said}"),
        };
        match self {
            Self::Program(program, error) => write!(f, "`{program}` cannot be started: {error}"),
            Self::Setup(command, error) => write!(f, "`{command}`, of `setup`, failed: {error}"),
            Self::Ended(status, last) => {
                write!(
                    f,
                    "the server ended before it was ready ({status}). {}",
                    said(last)
                )
            }
            Self::NotReady(bound, last) => {
                write!(
                    f,
                    "the server was not ready within {bound:?}. {}",
                    said(last)
                )
            }
            Self::Unreachable(address, error) => write!(f, "nobody answers at {address}: {error}"),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::User(name, why) => write!(f, "`user = \"{name}\"`: {why}"),
            Self::Process(pid) => {
                write!(f, "no process has the number {pid}, which `attach` tells")
            }
        }
    }
}

impl std::error::Error for StartError {}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        Self::other(error)
    }
}
