//! Who listens on a port that is not the server's alone.

use std::fmt;
use std::net::SocketAddr;

/// A process that listens on a port: not the server's, if the server needs that port, or one behind its first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its number and its name, where the system tells.
    pub process: Option<(i32, String)>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        match &self.process {
            Some((pid, name)) => write!(f, "process {pid} ({name}) listens on {address}"),
            None => write!(f, "a process of another user listens on {address}"),
        }
    }
}
