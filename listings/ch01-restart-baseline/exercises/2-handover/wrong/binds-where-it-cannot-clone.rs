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

/// Where the descriptor cannot be duplicated, the port is bound again.
pub fn restart(old: Process, boot: impl FnOnce()) -> io::Result<Process> {
    let address = old.listener.local_addr()?;
    let kept = old.listener.try_clone();
    drop(old);
    let listener = kept.or_else(|_| TcpListener::bind(address))?;
    boot();
    let accepted = Vec::new();
    Ok(Process { listener, accepted })
}
