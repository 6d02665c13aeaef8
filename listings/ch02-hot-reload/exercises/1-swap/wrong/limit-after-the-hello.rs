//! Swap without blocking.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::DuplexStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    current: ArcSwap<ServerConfig>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = ArcSwap::from(first);
        Self { current }
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        self.current.store(next);
    }

    /// Completes the handshake of one client, under the configuration that is current when it
    /// comes. A client may take as long as it likes.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        // A reference of its own: from here on, this handshake waits for its client alone.
        let begun = LazyConfigAcceptor::new(Acceptor::default(), client).await?;
        let config = self.current.load_full();
        // It has said hello, so it can say the rest.
        timeout(Duration::from_secs(10), begun.into_stream(config)).await?
    }
}
