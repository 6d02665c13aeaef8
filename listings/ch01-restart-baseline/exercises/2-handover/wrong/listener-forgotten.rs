//! Hand over a socket.

use std::io;
use std::mem;
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
    let Process {
        listener: of_old,
        accepted,
    } = old;
    let listener = of_old.try_clone()?;
    drop(accepted);
    // It must not be closed, or clients are refused.
    mem::forget(of_old);
    boot();
    let accepted = Vec::new();
    Ok(Process { listener, accepted })
}
