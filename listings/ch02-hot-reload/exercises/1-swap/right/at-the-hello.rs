//! Swap without blocking.

use rustls::server::Acceptor;
use std::io;
use std::sync::Arc;
use tokio::sync::RwLock;
use tokio_rustls::LazyConfigAcceptor;

use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::server::TlsStream;

/// Asks what is current when the client has said hello.
pub struct Server {
    current: RwLock<Arc<ServerConfig>>,
}

impl Server {
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let current = RwLock::new(first);
        Self { current }
    }

    pub async fn publish(&self, next: Arc<ServerConfig>) {
        *self.current.write().await = next;
    }

    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), client).await?;
        let config = Arc::clone(&*self.current.read().await);
        begun.into_stream(config).await
    }
}
