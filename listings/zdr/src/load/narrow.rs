//! Connections on which little lies in buffers.

use std::io;
use std::net::SocketAddr;

use lab::client::{Client, Failure, Seen};
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;

/// How large a segment is, in bytes: as on a network of Ethernet. The kernel keeps at least ten for a
/// client that does not read. On the loopback they are of 64 kB.
const SEGMENT: u32 = 1440;

/// What the client's kernel keeps. The server's grows with it. Without a bound, a thousand clients that do
/// not read take all the memory that the kernel has for TCP, and then every connection waits.
const RECEIVED: u32 = 64 * 1024;

/// A socket with small segments and a small buffer, for a connection to this address.
///
/// # Errors
/// When the kernel has none.
pub(crate) fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    SockRef::from(&socket).set_tcp_mss(SEGMENT)?;
    socket.set_nodelay(true)?;
    socket.set_recv_buffer_size(RECEIVED)?;
    Ok(socket)
}

/// Connects, and completes a handshake.
pub(super) async fn open(
    client: &Client,
    address: SocketAddr,
) -> Result<(TlsStream<TcpStream>, Seen), Failure> {
    let socket = socket(address).map_err(Failure::Handshake)?;
    let tcp = socket
        .connect(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Failure::Refused,
            _ => Failure::Handshake(error),
        })?;
    client.handshake(tcp).await
}
