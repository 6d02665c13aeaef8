//! Hand over a socket.

use std::io;
use std::net::{TcpListener, TcpStream};

/// What a process holds. When it is dropped, the kernel closes both, as it does at the end of a
/// process.
#[derive(Debug)]
pub struct Process {
    /// The socket on which it listens.
    pub listener: TcpListener,
    /// Connections that it has accepted. Their TLS state is in its memory.
    pub accepted: Vec<TcpStream>,
}

/// The connections are shut down, so that their clients are told, and forgotten.
pub fn restart(old: Process, boot: impl FnOnce()) -> io::Result<Process> {
    let Process { listener, accepted } = old;
    for client in accepted {
        let _ = client.shutdown(std::net::Shutdown::Write);
        std::mem::forget(client);
    }
    boot();
    let accepted = Vec::new();
    Ok(Process { listener, accepted })
}
