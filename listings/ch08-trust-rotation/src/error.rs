//! What can go wrong with a server's trust.

use std::fmt;
use std::io;

use ch02_hot_reload::identity::Rejected;
use rustls::server::VerifierBuilderError;

use crate::Refusal;

/// Why a root is not drained, or a generation not built.
#[derive(Debug)]
pub enum Error {
    /// The root's stage does not allow the step.
    Refused(Refusal),
    /// No generation with new ticket keys could be built from the files.
    Rejected(Rejected),
    /// rustls does not take a trust anchor, or the protocol versions.
    Tls(rustls::Error),
    /// The trust anchors make no verifier for clients: there is none among them.
    Verifier(VerifierBuilderError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Verifier(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl From<rustls::Error> for Error {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

impl From<VerifierBuilderError> for Error {
    fn from(error: VerifierBuilderError) -> Self {
        Self::Verifier(error)
    }
}
