//! A handshake without a network: both ends in memory, on one thread, in a fixed order.
//!
//! For benchmarks, where a socket would drown what is measured, and for tests of what happens
//! inside a handshake.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

/// Completes a handshake for `localhost`, tickets included, and returns both ends.
///
/// # Errors
/// What either side objects to.
pub fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(ServerConnection, ClientConnection), rustls::Error> {
    let name = ServerName::try_from("localhost").expect("a DNS name");
    let mut client = ClientConnection::new(client.clone(), name)?;
    let mut server = ServerConnection::new(server.clone())?;
    let mut wire = Vec::new();
    // Until nobody has anything left to say: the tickets come after the handshake.
    while client.wants_write() || server.wants_write() {
        carry(&mut client, &mut server, &mut wire)?;
        carry(&mut server, &mut client, &mut wire)?;
    }
    Ok((server, client))
}

fn carry<A, B, S, T>(from: &mut A, to: &mut B, wire: &mut Vec<u8>) -> Result<(), rustls::Error>
where
    A: std::ops::DerefMut<Target = rustls::ConnectionCommon<S>>,
    B: std::ops::DerefMut<Target = rustls::ConnectionCommon<T>>,
    S: rustls::SideData,
    T: rustls::SideData,
{
    let failed = |error: io::Error| rustls::Error::General(error.to_string());
    wire.clear();
    while from.wants_write() {
        from.write_tls(wire).map_err(failed)?;
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest).map_err(failed)?;
        to.process_new_packets()?;
    }
    Ok(())
}
