//! The client under test, how long it may take, and what is tried.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::report::Severity;

/// The client, and how long it may take.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The program and its arguments, with words such as `{url}` that are replaced.
    pub command: Vec<String>,
    /// It asks once and ends, and is started again and again.
    pub once: bool,
    /// The signal that tells it of new files. Without one it finds out by itself.
    pub signal: Option<String>,
    /// From its start to its first request.
    pub first: Duration,
    /// From new files to a client that goes by them.
    pub within: Duration,
    /// How long the certificate is valid that ends while the client is connected.
    pub short: Duration,
    /// What is tried.
    pub steps: Vec<Step>,
}

/// A step. They are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Step {
    /// The client's certificate is renewed: new connections must show the new one.
    RenewedLeaf,
    /// The client's certificate is replaced, and its key follows a while later: the client must live through it,
    /// and then show the new pair.
    HalfRenewed,
    /// The server asks for a certificate of another authority: the client should send none (else a warning).
    AskedByOthers,
    /// A root is added to the client's roots, and issues the server's next certificate: the client must connect.
    NewRoot,
    /// The server's certificate expires while a connection is kept open: the client should open a new connection
    /// (else a warning).
    PastEnd,
    /// The root that issued the server's certificate is removed from the client's roots: the client must reject
    /// the server, and resume no session.
    RemovedRoot,
    /// All that the client has printed: no line may hold bytes of a private key.
    KeyInOutput,
}

impl Step {
    /// The name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RenewedLeaf => "renewed_leaf",
            Self::HalfRenewed => "half_renewed",
            Self::AskedByOthers => "asked_by_others",
            Self::NewRoot => "new_root",
            Self::PastEnd => "past_end",
            Self::RemovedRoot => "removed_root",
            Self::KeyInOutput => "key_in_output",
        }
    }

    /// How bad it is to fail it.
    pub fn severity(self) -> Severity {
        match self {
            Self::RenewedLeaf
            | Self::HalfRenewed
            | Self::NewRoot
            | Self::RemovedRoot
            | Self::KeyInOutput => Severity::Failure,
            Self::AskedByOthers | Self::PastEnd => Severity::Warning,
        }
    }

    /// The entries of the failure catalogue that its failure may be.
    pub(super) fn catalogue(self) -> &'static [u32] {
        match self {
            Self::RenewedLeaf => &[32],
            Self::HalfRenewed => &[3],
            Self::AskedByOthers => &[],
            Self::NewRoot => &[33],
            Self::PastEnd => &[29],
            Self::RemovedRoot => &[30],
            Self::KeyInOutput => &[22],
        }
    }
}
