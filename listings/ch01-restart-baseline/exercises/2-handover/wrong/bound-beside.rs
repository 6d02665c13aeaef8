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

/// The port is bound once more before the old process ends.
pub fn restart(old: Process, boot: impl FnOnce()) -> io::Result<Process> {
    let listener = TcpListener::bind(old.listener.local_addr()?)?;
    drop(old);
    boot();
    let accepted = Vec::new();
    Ok(Process { listener, accepted })
}
