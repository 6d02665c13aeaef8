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
        let listener = TcpListener::bind(lab::any_port()).await.unwrap();
        let open = listener.local_addr().unwrap();
        let held = lab::RefusingPort::hold().unwrap();
        let closed = held.address();
        let found = first_of(&[closed, open], within).await;
        assert_eq!(found.unwrap(), open);
        let refused = first_of(&[closed], within).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(first_of(&[], within).await.is_err());
    }
}
