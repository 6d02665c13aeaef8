//! Swap without blocking.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The acceptor is not made again for each client.
pub struct Server {
    current: ArcSwap<ServerConfig>,
    acceptor: TlsAcceptor,
}

impl Server {
    /// Serves under `first`.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = ArcSwap::from(first.clone());
        let acceptor = TlsAcceptor::from(first);
        Self { current, acceptor }
    }

    /// Swaps a pointer that is never read.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        self.current.store(next);
    }

    /// Completes the handshake of one client.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        self.acceptor.accept(client).await
    }
}
