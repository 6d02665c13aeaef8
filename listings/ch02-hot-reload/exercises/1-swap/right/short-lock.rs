//! Swap without blocking.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A lock that is held for as long as it takes to copy a pointer.
pub struct Server {
    current: Mutex<Arc<ServerConfig>>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = Mutex::new(first);
        Self { current }
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        *self.current.lock() = next;
    }

    /// Completes the handshake of one client.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        let config = self.current.lock().clone();
        TlsAcceptor::from(config).accept(client).await
    }
}
