//! Swap without blocking.
//!
//! This is the starter. It compiles, and its checks fail until `Server` is written.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server whose configuration can be replaced while it serves.
pub struct Server {
    // What keeps the current configuration is yours to choose.
}

impl Server {
    /// Serves under `first`, until something else is published.
    pub fn new(first: Arc<ServerConfig>) -> Self {
        todo!("this is the starter: write `Server`")
    }

    /// From now on, new clients are served under `next`.
    pub async fn publish(&self, next: Arc<ServerConfig>) {
        todo!("this is the starter: write `Server`")
    }

    /// Completes the handshake of one client, under the configuration that is current when it comes. A
    /// client may take as long as it likes, or until the future is dropped.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn accept(&self, client: DuplexStream) -> io::Result<TlsStream<DuplexStream>> {
        todo!("this is the starter: write `Server`")
    }
}
