//! A connection is opened: its handshake, and the line in the log.

use ch01_restart_baseline::{Opened, handshake, how};
use ch02_hot_reload::IdentityStore;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A connection under the generation that is current when it comes, logged when its handshake is complete.
pub async fn open<S>(live: &IdentityStore, tcp: S) -> Option<(TlsStream<S>, Opened)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let generation = live.current();
    let acceptor = TlsAcceptor::from(generation.config.clone());
    let stream = handshake(acceptor.accept(tcp)).await?;
    let (resumed, tls) = how(stream.get_ref().1);
    Some((stream, Opened::log(Some(generation.number), resumed, tls)))
}
