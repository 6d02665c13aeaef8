//! Whom to watch, how gently, and for how long.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::Error;

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
        let unlike = |why: &str| {
            Error::Invalid(format!(
                "`{}` is not HOST:PORT, such as `example.com:443` or `[::1]:8443`{why}",
                self.server
            ))
        };
        if self.server.contains("//") {
            return Err(unlike(": give no scheme and no path"));
        }
        let parts = self.server.rsplit_once(':');
        let parts = parts.filter(|(host, _)| !host.is_empty());
        let (host, port) = parts.ok_or_else(|| unlike(""))?;
        if !port.parse().is_ok_and(|port: u16| port > 0) {
            return Err(unlike(": a port is a number from 1 to 65535"));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok((
            host.to_owned(),
            self.name.clone().unwrap_or_else(|| host.to_owned()),
        ))
    }
}
