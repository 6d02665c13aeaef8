//! The port on which a keeper answers, and which no client of the service knows.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ch01_restart_baseline::accept;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::health::admin;
use crate::keeper::Keeper;
use crate::room::Room;

/// How long a connection may say nothing, and a request take until its head is complete. Prometheus asks
/// each minute if it is told nothing else, and keeps its connection.
pub const IDLE: Duration = Duration::from_secs(120);

// ANCHOR: offer
/// Answers from now on, and returns the address.
///
/// # Errors
/// When the system does not say where it listens.
pub fn offer(keeper: Arc<Keeper>, listener: TcpListener) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    tracing::info!(event = "admin_listening", port = address.port());
    // Ends with the process, as every server here does.
    tokio::spawn(async move {
        loop {
            let tcp = accept(&listener).await;
            tokio::spawn(converse(keeper.clone(), tcp));
        }
    });
    Ok(address)
}

/// Answers on one connection, until it ends. Without a request it ends after [`IDLE`], and with an answer
/// that is not read after [`lab::wire::ROOM_BOUND`]: each holds a descriptor, and the service needs them.
pub async fn converse<S>(keeper: Arc<Keeper>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE);
    let service = TowerToHyperService::new(admin(keeper));
    // How a connection ends is its client's business.
    let _ = http
        .serve_connection(TokioIo::new(Room::of(stream)), service)
        .await;
}
// ANCHOR_END: offer
