//! Ports for the servers that are started.

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that the system gives to clients: a client's own port could otherwise be the one that a server
/// comes back to.
const FIRST: u16 = 15_000;
const MANY: u16 = 17_000;

/// A port of the loopback address on which nothing listens. As long as this lives no other `zdr` of this machine
/// chooses it (Linux), also while its server is away: a restarted server would otherwise find it taken.
#[derive(Debug)]
pub(crate) struct FreePort {
    number: u16,
    _claim: Option<UnixListener>,
}

impl FreePort {
    /// One that was not chosen before.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn choose() -> io::Result<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let start = (std::process::id().wrapping_mul(97) % u32::from(MANY)) as u16;
        Self::first_of(|| (start + NEXT.fetch_add(1, Ordering::Relaxed) % MANY) % MANY)
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    fn first_of(mut next: impl FnMut() -> u16) -> io::Result<Self> {
        let mut free = (0..MANY).filter_map(|_| Self::claimed(FIRST + next()));
        free.next().ok_or_else(|| {
            let words = format!("no free port between {FIRST} and {}", FIRST + MANY);
            io::Error::new(io::ErrorKind::AddrInUse, words)
        })
    }

    fn claimed(number: u16) -> Option<Self> {
        let _claim = claim(number).ok()?;
        // HTTP/3 comes to the UDP port of the same number.
        let is_free = TcpListener::bind(("127.0.0.1", number)).is_ok()
            && UdpSocket::bind(("127.0.0.1", number)).is_ok();
        is_free.then_some(Self { number, _claim })
    }
}

/// An abstract name of a Unix socket can be bound once in a network namespace, as a port can, and is free again when
/// its process has ended, however that was.
#[cfg(target_os = "linux")]
fn claim(number: u16) -> io::Result<Option<UnixListener>> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    let name = SocketAddr::from_abstract_name(format!("zdr-port-{number}"))?;
    match UnixListener::bind_addr(&name) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        // Where no such socket may be had, nothing is claimed.
        claim => Ok(claim.ok()),
    }
}

#[cfg(not(target_os = "linux"))]
fn claim(_: u16) -> io::Result<Option<UnixListener>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;

    /// Nothing listens on the first, and still it is not chosen again, until it is given back.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_port_that_a_check_has_is_not_chosen_by_another() {
        let from = || {
            let mut each = 0..;
            FreePort::first_of(move || each.next().unwrap()).unwrap()
        };
        let (one, two) = (from(), from());
        assert!(one.number() < two.number(), "{one:?} {two:?}");
        let number = one.number();
        drop(one);
        // A program that another test starts has it as well, until it is the program.
        let since = Instant::now();
        while from().number() != number {
            assert!(since.elapsed() < lab::BOUND, "{number} is not given back");
            thread::yield_now();
        }
    }
}
