//! Swap without blocking.

use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What is shown.
#[derive(Debug)]
struct Pair(RwLock<Arc<dyn ResolvesServerCert>>);

impl ResolvesServerCert for Pair {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().clone();
        shown.resolve(hello)
    }
}

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    current: Arc<ServerConfig>,
    pair: Arc<Pair>,
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let pair = Arc::new(Pair(RwLock::new(first.cert_resolver.clone())));
        let mut current = Arc::unwrap_or_clone(first);
        current.cert_resolver = pair.clone();
        let current = Arc::new(current);
        Self { current, pair }
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        *self.pair.0.write() = next.cert_resolver.clone();
    }

    /// Completes the handshake of one client, under the configuration that is current when it
    /// comes. A client may take as long as it likes.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        // A reference of its own: from here on, this handshake waits for its client alone.
        let config = self.current.clone();
        TlsAcceptor::from(config).accept(client).await
    }
}
