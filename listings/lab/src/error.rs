//! What can go wrong on the bench.

use std::io;

use rustls::client::VerifierBuilderError;
use rustls::pki_types::{InvalidDnsNameError, pem};

use crate::chain::Unreadable;
use crate::name::NotAName;

/// An error of the bench. It turns into an [`io::Error`], so that a demo has one kind of error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a socket could not be used.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A name that no certificate can bear.
    #[error(transparent)]
    NotAName(#[from] NotAName),
    /// No random bits could be had for a serial number.
    #[error("the system gives no random bits")]
    Random,
    /// The root has to sign, and its key was not kept.
    #[error("the root's key was not kept: it signs nothing more")]
    NoRootKey,
    /// A certificate cannot be issued for another reason: its key cannot be made, say.
    #[error(transparent)]
    Issue(#[from] rcgen::Error),
    /// A chain without a certificate that can be read.
    #[error(transparent)]
    Chain(#[from] Unreadable),
    /// Text that is not PEM, where certificates are wanted. Never said of a key: what the parser
    /// says may repeat its bytes.
    #[error(transparent)]
    Pem(#[from] pem::Error),
    /// The text that should hold a private key holds none.
    #[error("it holds no key in PEM")]
    NoKey,
    /// There is no trust anchor in the PEM.
    #[error("no trust anchor")]
    NoTrustAnchor,
    /// A server's name that is no DNS name.
    #[error(transparent)]
    Name(#[from] InvalidDnsNameError),
    /// rustls does not take what it is to be configured with.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// rustls does not take the trust anchors by which clients would be let in.
    #[error(transparent)]
    ClientRoots(#[from] VerifierBuilderError),
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            other => Self::other(other),
        }
    }
}

impl From<Unreadable> for io::Error {
    fn from(error: Unreadable) -> Self {
        Self::other(error)
    }
}
