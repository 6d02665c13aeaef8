//! Swap without blocking.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    current: Arc<ArcSwap<ServerConfig>>,
    published: UnboundedSender<Arc<ServerConfig>>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = Arc::new(ArcSwap::from(first));
        let (published, mut queue) = unbounded_channel();
        let of_queue = current.clone();
        tokio::spawn(async move {
            while let Some(next) = queue.recv().await {
                of_queue.store(next);
            }
        });
        Self { current, published }
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        let _ = self.published.send(next);
    }

    /// Completes the handshake of one client, under the configuration that is current when it
    /// comes. A client may take as long as it likes.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        // A reference of its own: from here on, this handshake waits for its client alone.
        let config = self.current.load_full();
        TlsAcceptor::from(config).accept(client).await
    }
}
