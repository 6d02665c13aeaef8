//! HTTP/3, on the UDP port that has the number of the TCP port. It follows what is published, or not.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ch01_restart_baseline::Opened;
use ch02_hot_reload::IdentityStore;
use h3::error::StreamError;
use h3::server::RequestStream;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use lab::wire::{self, BLOCK};
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{
    ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig, Incoming, TokioRuntime,
};
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};

use crate::arguments::Arguments;
use crate::defect::Defect;
use crate::unusual::Unusual;

/// The socket, where the server speaks HTTP/3: on the port that it has for TCP.
///
/// # Errors
/// When the port is taken.
pub fn socket(arguments: &Arguments, tcp: SocketAddr) -> io::Result<Option<UdpSocket>> {
    let is_spoken = arguments.unusual == Some(Unusual::Http3)
        || matches!(
            arguments.defect,
            Some(Defect::QuicKeepsOld | Defect::QuicForgetsConnections | Defect::QuicMigrationLost)
        );
    let socket = is_spoken.then(|| shared(tcp));
    socket.transpose()
}

/// A socket whose port another one may have, too.
fn shared(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Serves until the process ends.
///
/// # Errors
/// When the system has no socket, or rustls does not take the configuration for QUIC.
pub async fn serve(
    socket: UdpSocket,
    live: Arc<IdentityStore>,
    defect: Option<Defect>,
) -> io::Result<()> {
    let (mut published, address) = (live.published(), socket.local_addr()?);
    let mut port = socket.try_clone()?;
    // With it goes the key by which a server resets what it does not know: each worker has the same.
    let mut options = EndpointConfig::default();
    options.cid_generator(|| Box::new(Ids));
    let worker = |socket| {
        let server = Some(config(&live, true)?);
        Endpoint::new(options.clone(), server, socket, Arc::new(TokioRuntime))
    };
    let mut endpoint = worker(socket)?;
    loop {
        tokio::select! {
            Some(incoming) = endpoint.accept() => {
                tokio::spawn(connection(incoming, live.clone()));
            }
            Ok(()) = published.changed() => match defect {
                Some(Defect::QuicKeepsOld) => {}
                Some(Defect::QuicForgetsConnections) => {
                    let socket = shared(address)?;
                    lose_port(&port)?;
                    port = socket.try_clone()?;
                    endpoint = worker(socket)?;
                }
                Some(Defect::QuicMigrationLost) => {
                    endpoint.set_server_config(Some(config(&live, false)?));
                }
                _ => endpoint.set_server_config(Some(config(&live, true)?)),
            },
        }
    }
}

fn config(live: &IdentityStore, migration: bool) -> io::Result<quinn::ServerConfig> {
    let mut tls = ServerConfig::clone(&live.current().config);
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let tls = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    config.migration(migration);
    Ok(config)
}

/// From now on this worker is sent nothing: its clients' datagrams come to its successor, which does not
/// know the ids of their connections. A socket that is connected hears its peer alone.
fn lose_port(worker: &UdpSocket) -> io::Result<()> {
    let nobody = UdpSocket::bind(("127.0.0.1", 0))?;
    worker.connect(nobody.local_addr()?)
}

/// Ids by lot, which no worker can tell from those of another: it resets what it does not know. quinn's own
/// are marked, and those of others passed over in silence.
struct Ids;

impl ConnectionIdGenerator for Ids {
    fn generate_cid(&mut self) -> ConnectionId {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        let lot = RandomState::new().hash_one(DRAWN.fetch_add(1, Ordering::Relaxed));
        ConnectionId::new(&lot.to_be_bytes())
    }

    fn cid_len(&self) -> usize {
        size_of::<u64>()
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// One connection, from its handshake to its end.
async fn connection(incoming: Incoming, live: Arc<IdentityStore>) {
    let Ok(connection) = incoming.await else {
        return;
    };
    let opened = Opened::log(Some(live.current().number), false, "1.3");
    let connection = h3_quinn::Connection::new(connection);
    if let Ok(mut http) = h3::server::Connection::<_, Bytes>::new(connection).await {
        while let Ok(Some(request)) = http.accept().await {
            tokio::spawn(async move {
                if let Ok((request, stream)) = request.resolve_request().await {
                    // How it ended is the client's to tell.
                    let _ = answer(request.uri().path(), stream).await;
                }
            });
        }
    }
    opened.closed(0, "client_closed");
}

/// `GET /bytes/N` is answered with the first N bytes of the known body.
async fn answer<S>(path: &str, mut stream: RequestStream<S, Bytes>) -> Result<(), StreamError>
where
    S: h3::quic::BidiStream<Bytes>,
{
    let asked = path.strip_prefix("/bytes/");
    let size: Option<u64> = asked.and_then(|size| size.parse().ok());
    let mut head = Response::new(());
    if size.is_none() {
        *head.status_mut() = StatusCode::NOT_FOUND;
    }
    while stream.recv_data().await?.is_some() {}
    stream.send_response(head).await?;
    let (mut sent, size) = (0, size.unwrap_or(0));
    while sent < size {
        let mut block = vec![0; (size - sent).min(BLOCK as u64) as usize];
        wire::body(sent, &mut block);
        sent += block.len() as u64;
        stream.send_data(block.into()).await?;
    }
    stream.finish().await
}
