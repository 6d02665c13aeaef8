//! Whom to watch, how gently, and for how long.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::Error;
use crate::server::spec::host_and_port;

/// Whom to watch, how gently, and for how long.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// `HOST:PORT`.
    pub server: String,
    /// The name that the certificate must be valid for [default: `HOST`].
    pub name: Option<String>,
    /// These addresses, in place of those that `HOST` resolves to.
    pub addresses: Vec<SocketAddr>,
    /// Handshakes a second, of all addresses together.
    pub rate: f64,
    /// How many rotations to wait for.
    pub rotations: usize,
    /// A rotation is over once an address has shown the new chain this many times in a row.
    pub settle: u32,
    /// For how long old and new may be shown side by side.
    pub overlap: Duration,
    /// How long to wait for the last of the rotations. `None`: forever.
    pub limit: Option<Duration>,
    /// How long a handshake may take.
    pub patience: Duration,
}

impl WatchOptions {
    /// The host to resolve, and the name that the certificate must be valid for.
    pub(super) fn names(&self) -> Result<(String, String), Error> {
        let (host, _) = host_and_port(&self.server).map_err(Error::Invalid)?;
        Ok((
            host.to_owned(),
            self.name.clone().unwrap_or_else(|| host.to_owned()),
        ))
    }
}
