//! Swap without blocking.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    c: arc_swap::ArcSwap<ServerConfig>,
    turn: tokio::sync::Mutex<()>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        Self {
            c: arc_swap::ArcSwap::from(first),
            turn: Default::default(),
        }
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        self.c.store(next);
    }

    /// Completes the handshake of one client, under the configuration that is current when it comes. A
    /// client may take as long as it likes.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        let _turn = self.turn.lock().await;
        let config = self.c.load_full();
        TlsAcceptor::from(config).accept(client).await
    }
}
