//! The loop that accepts connections.

use std::sync::Arc;

use ch01_restart_baseline::{accept, connection};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::store::IdentityStore;

// ANCHOR: serve
/// Accepts connections forever, each under the generation that is current when it arrives.
pub async fn serve(listener: TcpListener, store: Arc<IdentityStore>) {
    loop {
        let tcp = accept(&listener).await;
        let generation = store.current();
        let acceptor = TlsAcceptor::from(generation.config.clone());
        tokio::spawn(async move {
            // The connection holds its generation: it is freed when its last connection ends.
            connection(tcp, acceptor, generation.number).await;
            drop(generation);
        });
    }
}
// ANCHOR_END: serve
