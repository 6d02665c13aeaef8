//! Swap without blocking.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    current: Mutex<Arc<ServerConfig>>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = Mutex::new(Arc::new((*first).clone()));
        Self { current }
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        // Whoever holds the one before has it until they are done.
        if let Some(current) = Arc::get_mut(&mut self.current.lock()) {
            *current = (*next).clone();
        }
    }

    /// Completes the handshake of one client, under the configuration that is current when it
    /// comes. A client may take as long as it likes.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        // A reference of its own: from here on, this handshake waits for its client alone.
        let config = self.current.lock().clone();
        TlsAcceptor::from(config).accept(client).await
    }
}
