//! Swap without blocking.

use std::io;
use std::sync::Arc;
use tokio::sync::watch;

use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Keeps what is current in a channel that many read.
pub struct Server {
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Server {
    pub fn new(first: Arc<ServerConfig>) -> Self {
        let (current, _) = watch::channel(first);
        Self { current }
    }

    pub async fn publish(&self, next: Arc<ServerConfig>) {
        self.current.send_replace(next);
    }

    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        let acceptor = TlsAcceptor::from(self.current.borrow().clone());
        acceptor.accept(client).await
    }
}
