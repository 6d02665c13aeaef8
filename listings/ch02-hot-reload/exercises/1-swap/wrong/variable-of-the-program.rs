//! Swap without blocking.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

static CURRENT: ArcSwapOption<ServerConfig> = ArcSwapOption::const_empty();

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    // What is current is beside it.
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        CURRENT.store(Some(first));
        Self {}
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        CURRENT.store(Some(next));
    }

    /// Completes the handshake of one client, under the configuration that is current when it
    /// comes. A client may take as long as it likes.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        // A reference of its own: from here on, this handshake waits for its client alone.
        let config = CURRENT.load_full().ok_or(io::ErrorKind::NotConnected)?;
        TlsAcceptor::from(config).accept(client).await
    }
}
