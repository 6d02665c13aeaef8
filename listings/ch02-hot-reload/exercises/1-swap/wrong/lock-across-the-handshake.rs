//! Swap without blocking.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio::sync::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Many handshakes may read at once, and only a swap needs the lock for itself.
pub struct Server {
    current: RwLock<Arc<ServerConfig>>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = RwLock::new(first);
        Self { current }
    }

    /// Waits until no handshake is in progress.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        *self.current.write().await = next;
    }

    /// Holds the lock until the handshake is complete.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        let config = self.current.read().await;
        TlsAcceptor::from(config.clone()).accept(client).await
    }
}
