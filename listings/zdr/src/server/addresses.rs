//! Which of a name's addresses a server listens on. `localhost` often has two, and many servers listen on one of them.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

/// The first address of HOST:PORT that accepts a connection, as clients look for it.
///
/// # Errors
/// When the name has no address, or none accepts a connection within this time.
pub async fn listening(server: &str, within: Duration) -> io::Result<SocketAddr> {
    let addresses: Vec<_> = server.to_socket_addrs()?.collect();
    first_of(&addresses, within).await
}

async fn first_of(addresses: &[SocketAddr], within: Duration) -> io::Result<SocketAddr> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        last = match timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(*address),
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_first_address_that_answers_is_taken_and_not_the_first_of_all() {
        let within = Duration::from_secs(5);
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = (open.local_addr().unwrap(), open);
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = closed.local_addr().unwrap();
        let found = first_of(&[closed, open.0], within).await;
        assert_eq!(found.unwrap(), open.0);
        let refused = first_of(&[closed], within).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(first_of(&[], within).await.is_err());
    }
}
